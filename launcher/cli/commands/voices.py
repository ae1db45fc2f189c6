"""`launcher voices`: what a training can start from, and what came out: list, fetch, use, say, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from launcher.cli import packed_voices
from launcher.cli.completing import complete
from launcher.cli.documents.made import (
    VoiceBaseFacts,
    VoiceFacts,
    VoicesBases,
    VoicesFetch,
    VoicesList,
    VoicesSay,
    VoicesUse,
)
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, group_app
from launcher.cli.packed_voices import (
    StepOption,
    VoiceOption,
    free_name,
    look,
    named_voice,
    voice_of_run,
)
from launcher.cli.session import named_version, run_at
from launcher.cli.terminal.command_line import command_line, name_of
from launcher.cli.terminal.layout import pairs, paragraph, table
from launcher.cli.terminal.output import Output, style
from launcher.config import read_config
from launcher.domain.run import Run
from launcher.errors import InvalidRequest
from launcher.recipes.piper.voice_bases import AS_OF, SOURCE, VoiceBase, voice_bases
from launcher.services.common.workbench import Workbench
from launcher.services.voices.delivered import (
    Voice,
    chosen_voice,
    fetch_voice,
    use_voice,
    voice_here,
)
from launcher.services.voices.speaking import Manner, SpokenText, speak
from launcher.stores.secrets import KeyName
from pod_image.contract.figures import size
from pod_image.contract.recipes.piper import Quality

app = group_app("Voices to start from, and voices of your runs.")


@app.callback()
def voices() -> None:
    """Published voices, and your own."""


@app.command("list")
def list_voices(
    run: RunArgument = "", as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """The voices a run has delivered: the final one, and those of its checkpoints."""
    found, its = run_at(run, lambda bench: look(bench, run), (KeyName.HF_UPLOAD,))
    root = read_config().results_folder
    here = [voice_here(root, found, one.step) for one in its]
    rows: list[VoiceFacts] = [
        {
            "step": one.step,
            "name": one.name,
            "size_bytes": one.size_bytes,
            "path": f"{found.run_id}/{one.path}",
            "here": place,
        }
        for one, place in zip(its, here, strict=True)
    ]
    document: VoicesList = {
        "schema": "voices.list",
        "version": 1,
        "run_id": found.run_id,
        "results_repo": found.results_repo,
        "voices": rows,
    }
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: _listing(found, its, here),
        quiet="\n".join("final" if one.step is None else str(one.step) for one in its),
    )


@app.command()
def fetch(
    run: RunArgument = "",
    step: StepOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Download a voice and check it: the .onnx and its .json."""

    async def bring(bench: Workbench) -> Path:
        found, its = await look(bench, run)
        return await fetch_voice(bench, found, chosen_voice(found, its, step), named_version(run))

    path = run_at(run, bring, (KeyName.HF_UPLOAD,))
    document: VoicesFetch = {
        "schema": "voices.fetch",
        "version": 1,
        "onnx": path,
        "json": f"{path}.json",
    }
    Output(as_json=as_json, quiet=quiet).answer(document, lambda: f"{path}", quiet=str(path))


@app.command()
def use(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run, such as run-01.")],
    step: Annotated[int, typer.Option(metavar="N", help="Step of the checkpoint to use.")],
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make the voice of a checkpoint the run's voice, in the results repo. Needs no training and no PyTorch."""

    if version := named_version(run):
        raise InvalidRequest(
            f"{version} is a version that cannot be changed.",
            hint="Give the run without the version.",
        )

    async def choose(bench: Workbench) -> tuple[Run, str]:
        found, its = await look(bench, run)
        return found, await use_voice(bench, found, chosen_voice(found, its, step))

    found, commit = run_at(run, choose, (KeyName.HF_UPLOAD,))
    document: VoicesUse = {
        "schema": "voices.use",
        "version": 1,
        "run_id": found.run_id,
        "step": step,
        "commit": commit,
    }
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: (
            f"Step {step} is the voice of {found.run_id} now, in {found.results_repo}/{found.run_id}/voice."
        ),
        quiet=commit,
    )


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="Text to speak.")],
    run: RunArgument = "",
    step: StepOption = None,
    voice: VoiceOption = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.wav", help="WAV file to write. Default: named after the voice."),
    ] = None,
    tempo: Annotated[float, typer.Option(min=0.25, max=4.0, help="Above 1 is faster.")] = 1.0,
    speaker: Annotated[int, typer.Option(min=0, help="Speaker, for a voice with several.")] = 0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Speak a text on this computer with a run's voice, which is downloaded if necessary. Needs the extra `audio`."""
    onnx = named_voice(voice) if voice else voice_of_run(run, step)
    wav = out.expanduser() if out else free_name(Path(f"{onnx.stem}.wav"))
    spoken_text = complete(speak(onnx, text, wav, Manner(tempo=tempo, speaker=speaker)))
    document: VoicesSay = {
        "schema": "voices.say",
        "version": 1,
        "wav": spoken_text.wav,
        "seconds": round(spoken_text.seconds, 2),
        "took_seconds": round(spoken_text.took_seconds, 2),
        "voice": onnx,
    }
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: _spoken(spoken_text, onnx),
        quiet=str(spoken_text.wav),
    )


def _listing(run: Run, found: list[Voice], here: list[Path | None]) -> str:
    if not found:
        return f"{run.run_id} has delivered no voice to {run.results_repo} yet."
    rows = [
        (
            "final" if one.step is None else str(one.step),
            one.name,
            size(one.size_bytes),
            "yes" if place else "",
        )
        for one, place in zip(found, here, strict=True)
    ]
    steps = [one.step for one in found if one.step is not None]
    of_step = ["--step", str(steps[0])] if steps else []
    used = command_line("voices", "use", name_of(run), *of_step)
    return (
        table(("STEP", "VOICE", "SIZE", "HERE"), rows, right=(0, 2))
        + f"\nHear one: {command_line('voices', 'say', 'Hello there.', name_of(run), *of_step)}"
        + (f"\nMake one the run's voice: {used}" if of_step else "")
    )


def _spoken(spoken_text: SpokenText, onnx: Path) -> str:
    speed = spoken_text.seconds / max(spoken_text.took_seconds, 1e-3)
    return f"{spoken_text.wav}\n{spoken_text.seconds:.1f} s by {onnx.name}, {speed:.0f} times as fast as real time."


@app.command()
def bases(
    language: Annotated[
        str, typer.Option(metavar="CODE", help="Language, such as de or en_GB. Default: all.")
    ] = "",
    quality: Annotated[Quality | None, typer.Option(help="Only this size.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Checkpoints to fine-tune from, with the licences of their training data."""
    found = voice_bases(language, quality.value if quality else "")
    document: VoicesBases = {
        "schema": "voices.bases",
        "version": 1,
        "as_of": AS_OF,
        "source": SOURCE,
        "bases": [_document(base) for base in found],
    }
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: _text(found),
        quiet="\n".join(base.checkpoint for base in found),
    )


def _document(base: VoiceBase) -> VoiceBaseFacts:
    return {
        "language": base.language,
        "name": base.name,
        "quality": base.quality,
        "speakers": base.speakers,
        "licence": base.licence,
        "lineage": base.lineage.name.lower(),
        "checkpoint": base.checkpoint,
    }


def _text(found: list[VoiceBase]) -> str:
    parts = [_entry(base) for base in found]
    parts.append(
        paragraph(
            f"Source: {SOURCE}; looked up {AS_OF}. The card beside a checkpoint decides; the plan reads it. A "
            "voice that started from other weights may also be bound by their terms."
        )
    )
    return "\n".join(parts)


def _entry(base: VoiceBase) -> str:
    head = style(f"{base.language} {base.name}", "bold")
    several = f", {base.speakers} speakers" if base.speakers > 1 else ""
    return f"{head}  {base.quality}{several}\n" + pairs(
        [
            ("licence", base.licence),
            ("started", base.lineage.value),
            ("use", f"--base-checkpoint {base.checkpoint}"),
        ]
    )


packed_voices.add_to(app)
