"""`launcher voices export`: a voice with what other programs need of it; and where a voice lies on this computer."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from launcher.cli.completing import complete
from launcher.cli.documents.made import VoicesExport
from launcher.cli.flags import JsonOption, QuietOption, RunArgument
from launcher.cli.session import named_version, run_at
from launcher.cli.terminal.layout import paragraph
from launcher.cli.terminal.output import Output, style
from launcher.config import read_config
from launcher.domain.run import Run
from launcher.errors import InvalidRequest
from launcher.services.common.workbench import Workbench
from launcher.services.following.find_run import find_run
from launcher.services.voices.delivered import (
    Voice,
    chosen_voice,
    fetch_voice,
    voice_here,
    voices_of_run,
)
from launcher.services.voices.packing import pack_voice, zip_voice
from launcher.services.voices.programs import Program, programs
from launcher.services.voices.voice_description import DescribedVoice
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import KeyName
from pod_image.contract.figures import size

StepOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Step of the checkpoint whose voice to use. Default: the final voice."
    ),
]
VoiceOption = Annotated[
    Path | None, typer.Option(metavar="FILE.onnx", help="Any Piper voice, instead of a run's.")
]


class ProgramName(StrEnum):
    HOME_ASSISTANT = "home-assistant"
    PIPER = "piper"
    SHERPA_ONNX = "sherpa-onnx"


def add_to(app: typer.Typer) -> None:
    """Make this command of the group."""
    app.command("export")(export)


def export(
    run: RunArgument = "",
    step: StepOption = None,
    voice: VoiceOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="A folder, or a .zip file. Default: a zip in this folder."
        ),
    ] = None,
    program: Annotated[
        ProgramName | None, typer.Option("--for", help="Print the steps for this program.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Export a voice with everything that Home Assistant, Piper and sherpa-onnx need, to a folder or a ZIP
    file. Trains and uploads nothing."""
    onnx = named_voice(voice) if voice else voice_of_run(run, step)
    target = out.expanduser() if out else free_name(Path(f"{onnx.stem}.zip"))
    if target.suffix == ".zip":
        described = complete(zip_voice(onnx, target))
        files, size_bytes = [target], target.stat().st_size
    else:
        packed = complete(pack_voice(onnx, target))
        described, files, size_bytes = packed.described, list(packed.files), packed.size_bytes
    wanted = [one for one in programs(described) if program in (None, one.key)]
    document: VoicesExport = {
        "schema": "voices.export",
        "version": 1,
        "voice": onnx,
        "files": files,
        "size_bytes": size_bytes,
        "language": described.language,
        "speakers": dict(described.speakers),
        "programs": [
            {
                "name": one.key,
                "needs": one.files,
                "steps": [
                    {"text": each.text, "command": each.command or None} for each in one.steps
                ],
            }
            for one in wanted
        ],
    }
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: _text(files, size_bytes, described, wanted if program else []),
        quiet="\n".join(map(str, files)),
    )


async def look(bench: Workbench, key: str) -> tuple[Run, list[Voice]]:
    """The run, and the voices that it has delivered."""
    run = await find_run(bench, key)
    return run, await voices_of_run(bench, run, named_version(key))


def named_voice(file: Path) -> Path:
    file = file.expanduser()
    if not file.is_file():
        raise InvalidRequest(f"There is no voice at {file}.", hint="Name an .onnx file.")
    return file


def voice_of_run(key: str, step: int | None) -> Path:
    """The voice on this machine, fetched when it is not here: only that needs a token."""
    config = read_config()
    config.make_folders()
    history = RunHistory(config.history_path)
    here: Path | None = None
    try:
        with suppress(InvalidRequest):  # one that this computer does not know is looked for below
            run = history.chosen(key)
            here = None if named_version(key) else voice_here(config.results_folder, run, step)
    finally:
        history.close()
    if here is not None:
        return here

    async def bring(bench: Workbench) -> Path:
        run, its = await look(bench, key)
        return await fetch_voice(bench, run, chosen_voice(run, its, step), named_version(key))

    return run_at(key, bring, (KeyName.HF_UPLOAD,))


def free_name(path: Path) -> Path:
    """That name, numbered when it is taken: what was made before is not overwritten unasked."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _text(
    files: list[Path], size_bytes: int, described: DescribedVoice, wanted: list[Program]
) -> str:
    lines = [
        *map(str, files),
        f"{size(size_bytes)}, the voice {described.stem}, {described.language}.",
    ]
    for program in wanted:
        lines += ["", style(program.title, "bold"), f"Needs: {program.files}"]
        for number, step in enumerate(program.steps, start=1):
            lines.append(paragraph(f"{number}. {step.text}"))
            if step.command:
                lines.append(f"   {step.command}")
    if not wanted:
        named = ", ".join(one.value for one in ProgramName)
        lines.append(f"Steps for a program: --for {named}. The same are in HOW-TO.txt.")
    return "\n".join(lines)
