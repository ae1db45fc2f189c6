"""`launcher dataset`: check a dataset, make one of recordings, push it, and keep order among those here."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from launcher.cli import heard_datasets, kept_datasets, offering, recorded_dataset
from launcher.cli.completing import complete
from launcher.cli.documents.datasets import check_document, made_document, pushed_document
from launcher.cli.flags import JsonOption, PresetOption, QuietOption, group_app
from launcher.cli.session import find
from launcher.cli.session import run as at_bench
from launcher.cli.terminal.dataset_view import made_text, pushed_text, report_text
from launcher.cli.terminal.layout import paragraph
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output, print_notice
from launcher.cli.terminal.plain_text import plain_text_line
from launcher.cli.terminal.progress_line import ProgressLine
from launcher.config import read_config
from launcher.domain.advice import LEAST_MINUTES
from launcher.errors import InvalidRequest
from launcher.presets import find_preset
from launcher.services import datasets
from launcher.services.common.workbench import Workbench
from launcher.services.planning.compose import compose
from launcher.services.planning.dataset_look import check_settings
from launcher.stores.secrets import KeyName, Keys
from launcher.workshop.before_push import PushLook
from launcher.workshop.check import CheckSettings
from launcher.workshop.loudness import SPEECH_LUFS
from launcher.workshop.make import MakeProgress, MakeRequest
from launcher.workshop.page import report_page
from launcher.workshop.push import PushRequest
from launcher.workshop.report import DatasetReport
from pod_image.contract.figures import counted, recorded
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.contract.recipes.piper import Quality

app = group_app("Datasets: check, make from recordings, edit, push.")

TableOption = Annotated[
    list[str] | None,
    typer.Option(
        "--table", metavar="FILE", help="The transcript table to use, if there are several."
    ),
]
_STAGES = {
    "table": "Reading the table",
    "headers": "Reading the clips' headers",
    "sound": "Listening",
    "phonemes": "Checking the phonemes of the transcripts",
    "sending": "Sending",
}


@app.callback()
def dataset() -> None:
    """Datasets: clips with transcripts, in a folder here or in a dataset repo."""


@app.command()
def check(
    source: Annotated[
        str,
        typer.Argument(
            help="A folder, a dataset on this computer, or a dataset repo such as me/my-clips or its address.",
            autocompletion=offering.datasets,
        ),
    ],
    revision: Annotated[str, typer.Option(help="Branch, tag or commit of the repo.")] = "main",
    preset: PresetOption = None,
    language: Annotated[
        str | None, typer.Option(help="Language and region of the transcripts, such as en_US.")
    ] = None,
    quality: Annotated[Quality | None, typer.Option(help="Size of the voice to train.")] = None,
    speakers: Annotated[
        int | None, typer.Option(min=0, help="Number of speakers; 0 allows any number.")
    ] = None,
    table: TableOption = None,
    phoneme_type: Annotated[
        PhonemeType | None, typer.Option(help="How the transcripts become phonemes.")
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also check the audio of every clip.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Save the report as an HTML page with histograms."),
    ] = None,
    force: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="An error to ignore.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find what could spoil the training: missing files, wrong transcripts, bad audio. Nothing is changed.

    In a repo only the table, the file list and the clips' headers are read, unless you add --deep.
    """
    output = Output(as_json=as_json, quiet=quiet)
    settings = replace(
        _settings(output, preset, language, quality, speakers, phoneme_type),
        deep=deep,
        tables=_tables(table),
    )
    with ProgressLine(output) as line:
        found = _checked(source, revision, settings, line)
    if report is not None:
        with datasets.translated_faults():
            report.write_text(report_page(found, in_terminal), "utf-8")
        output.talk(f"The report is in {report}")
    output.answer(check_document(found), lambda: report_text(found), quiet="")
    blocking = found.blocking(force or ())
    if blocking:
        count = sum(found.finding_counts[code] for code in {each.code for each in blocking})
        errors = "1 error" if count == 1 else f"{count:,} errors"
        raise InvalidRequest(
            f"{found.dataset} has {errors}.", hint="Fix them, or ignore one with --force CODE."
        )


def _tables(given: list[str] | None) -> tuple[str, ...]:
    return tuple(name.strip() for each in given or () for name in each.split(",") if name.strip())


def _settings(
    output: Output,
    preset: str | None,
    language: str | None,
    quality: Quality | None,
    speakers: int | None,
    phoneme_type: PhonemeType | None,
) -> CheckSettings:
    """As a run with this preset would have them; without one, for a voice that is fine-tuned."""
    given: dict[str, Any] = {"language": language, "quality": quality, "speakers": speakers or None}
    given["phoneme_type"] = phoneme_type
    given = {name: value for name, value in given.items() if value is not None}
    chosen = find_preset(read_config(), preset) if preset else None
    composed = compose(chosen, given, check_required=False)
    for note in composed.notes:
        output.talk(note)
    settings = check_settings(composed.settings)
    if preset is None:
        settings = replace(settings, minutes_wanted=LEAST_MINUTES)
    return replace(settings, speakers=None) if speakers == 0 else settings


def _checked(
    source: str, revision: str, settings: CheckSettings, line: ProgressLine
) -> DatasetReport:
    def tell(what: str, done: int, of: int) -> None:
        line.count(_STAGES[what], done, of)

    place = datasets.find_dataset(read_config(), source)
    if place.folder is not None:
        return complete(datasets.check_folder(place.folder, settings, progress=tell))

    async def look(bench: Workbench) -> DatasetReport:
        return await datasets.check_repo(
            bench,
            place.repo,
            settings,
            revision=place.revision if place.revision and revision == "main" else revision,
            folder=place.inside,
            progress=tell,
        )

    return at_bench(find((KeyName.HF_DATASET,)), look)


@app.command()
def make(
    more: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RECORDINGS", help="Audio or video files, or folders or archives of them."
        ),
    ] = None,
    *,
    out: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the dataset, or a folder such as ./clips.")
    ],
    recordings: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="PATH", help="The same as the argument RECORDINGS."),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option("--table", help="Transcripts: file|text, one recording per line."),
    ] = None,
    speaker: Annotated[
        str | None, typer.Option(help="Name of the speaker, if there are several.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language and region.")] = "en_US",
    sample_rate: Annotated[
        int, typer.Option(help="22050 for medium and high voices, 16000 for x-low and low.")
    ] = 22_050,
    wav: Annotated[
        bool, typer.Option("--wav", help="Save WAV instead of FLAC, which is half the size.")
    ] = False,
    normalise: Annotated[
        bool,
        typer.Option(
            "--normalise", help=f"Normalise the loudness of clips to {SPEECH_LUFS:.0f} LUFS."
        ),
    ] = False,
    whole: Annotated[
        bool, typer.Option("--no-cut", help="Do not cut long recordings: one clip each.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help=("Recordings to process in parallel; by default one per CPU core.")
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Cut recordings into clips. The recordings are not changed; a second call adds to the dataset.

    Transcripts come from --table or from a file next to the recording, such as talk.txt for talk.wav. If it has
    times (subtitles, captions, Audacity labels, a recogniser's JSON or TSV, ELAN, Praat), each sentence becomes
    a clip; other long recordings are cut at pauses and get no transcript yet.
    """
    output = Output(as_json=as_json, quiet=quiet)
    request = MakeRequest(
        out=datasets.folder_for(read_config(), out),
        recordings=tuple(path.expanduser() for path in (*(recordings or ()), *(more or ()))),
        table=texts,
        speaker=speaker,
        language=language,
        sample_rate_hz=sample_rate,
        kind="wav" if wav else "flac",
        loudness_lufs=SPEECH_LUFS if normalise else None,
        cut=not whole,
        workers=workers,
    )
    with ProgressLine(output) as line:
        made = complete(datasets.make(request, on_progress=lambda one: _tell_made(line, one)))
    output.answer(made_document(made), lambda: made_text(made), quiet=str(made.folder))
    if made.skipped and not made.clips:
        raise InvalidRequest(
            "None of the recordings could be used.", hint="The reasons are given above."
        )


def _tell_made(line: ProgressLine, one: MakeProgress) -> None:
    line.tell(
        "Making clips",
        f"{one.done:,} of {one.of:,} recordings, {recorded(one.decoded_minutes)}: {one.current}",
    )


@app.command()
def push(
    source: Annotated[
        str, typer.Argument(metavar="DATASET", help="A dataset on this computer, or a folder.")
    ],
    repo: Annotated[
        str | None,
        typer.Argument(
            help="Dataset repo, such as me/my-clips. Default: a repo in your account, named after the dataset.",
            autocompletion=offering.datasets,
        ),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            help="Licence for the card: cc0-1.0, cc-by-4.0, other. In a terminal you are asked for it."
        ),
    ] = None,
    language: Annotated[
        str,
        typer.Option(help="Language and region for the card, if the dataset was not made here."),
    ] = "",
    public: Annotated[bool, typer.Option("--public", help="Make a new repo public.")] = False,
    table: TableOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Skip clips that cannot be used, instead of stopping.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before replacing data in the repo.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Send a dataset to its repo in one commit. A private repo is created if it does not exist.

    Files that are already there are not sent again. If the repo contains other data, you are asked first, with
    a list of what would be replaced, deleted or unused.
    """
    output = Output(as_json=as_json, quiet=quiet)
    config = read_config()
    place = datasets.find_dataset(config, source)
    if place.folder is None:
        raise InvalidRequest(
            f"There is no folder or dataset {source}.",
            hint="Give first what to send, then where to: launcher dataset push my-clips me/my-clips",
        )
    keys = find((KeyName.HF_UPLOAD,))
    target = datasets.find_repo(repo or at_bench(keys, _own_repo(place.folder)))
    request = PushRequest(
        place.folder,
        target,
        licence=licence or _asked_licence(),
        language=language,
        private=not public,
        force=force,
        tables=_tables(table),
    )
    request = replace(request, agreed=_agreed(keys, request, yes))
    with ProgressLine(output) as line:
        pushed = at_bench(
            keys,
            lambda bench: datasets.push(
                bench,
                request,
                progress=lambda what, done, of: line.count(_STAGES[what], done, of),
            ),
        )
    output.answer(pushed_document(pushed), lambda: pushed_text(pushed), quiet=pushed.repo_id)


def _own_repo(folder: Path) -> Callable[[Workbench], Awaitable[str]]:
    return lambda bench: datasets.default_repo(bench, folder)


def _agreed(keys: Keys, request: PushRequest, yes: bool) -> PushLook:
    """What the repo holds, and that the person agrees to what would become of it."""
    look = at_bench(keys, lambda bench: datasets.look_before_pushing(bench, request))
    for note in look.notes:
        print_notice(paragraph(plain_text_line(f"Note: {note}"), hanging=2))
    if not look.holds_other_data:
        return look
    public = ", which is public," if look.is_public else ""
    told = f"{look.repo_id}{public} contains other data: {counted(look.clips, 'clip')}."
    kept = "Hugging Face keeps the current data in the repo's history."
    if yes or sys.stdin.isatty():
        for line in (told, *look.consequences, kept):
            print_notice(paragraph(plain_text_line(line), hanging=2))
    kept_datasets.agree(
        " ".join((told, *look.consequences)) if not sys.stdin.isatty() else "Replace it?", yes
    )
    return look


def _asked_licence() -> str | None:
    """None leaves the card's own; nobody is asked where nobody sits."""
    if not sys.stdin.isatty():
        return None
    typer.echo("Which licence do the recordings have? cc0-1.0, cc-by-4.0, other …", err=True)
    typed = typer.prompt(
        "Licence (empty keeps the one on the card)", default="", show_default=False, err=True
    )
    return str(typed).strip().lower() or None


recorded_dataset.add_to(app)
kept_datasets.add_to(app)
heard_datasets.add_to(app)
