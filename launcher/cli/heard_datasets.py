"""`launcher dataset transcribe` and `proofread`: texts by ear, where there are none and where they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from launcher.cli.completing import complete
from launcher.cli.documents.heard import (
    proof_document,
    transcribed_document,
    undone_repair_document,
)
from launcher.cli.flags import JsonOption, QuietOption
from launcher.cli.session import find
from launcher.cli.session import run as at_bench
from launcher.cli.terminal.heard_view import (
    accepted_text,
    proof_text,
    repaired_text,
    transcribed_text,
)
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.progress_line import ProgressLine
from launcher.config import read_config
from launcher.errors import InvalidRequest
from launcher.services import datasets, transcripts
from launcher.services.common.workbench import Workbench
from launcher.services.transcripts import Listening
from launcher.stores.secrets import KeyName
from launcher.workshop.transcribing.accepting import Accept
from launcher.workshop.transcribing.proofread import Proof
from pod_image.contract.figures import counted
from pod_image.hearing.models import DEFAULT_MODEL, NAMED_MODELS

ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="NAME|FOLDER",
        help=f"Whisper model: {', '.join(NAMED_MODELS)}, or a folder with one.",
    ),
]
LanguageOption = Annotated[
    str, typer.Option("--language", help="Spoken language, such as en. Default: detected.")
]
JobsOption = Annotated[
    int,
    typer.Option(
        "--jobs", min=0, max=64, help="Clips to process in parallel; 0 means one per CPU core."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Make these commands of the group."""
    app.command()(transcribe)
    app.command()(proofread)


def transcribe(
    source: Annotated[
        str, typer.Argument(metavar="DATASET", help="A dataset on this computer, or a folder.")
    ],
    model: ModelOption = DEFAULT_MODEL,
    language: LanguageOption = "",
    jobs: JobsOption = 0,
    accept: Annotated[
        Accept | None,
        typer.Option(
            help="Accept suggestions as transcripts: those without uncertain words, or all."
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Suggest a transcript for every clip without one, with Whisper on this computer. Suggestions are kept
    next to the table until you accept them here or on the dataset's page; existing transcripts are never
    changed. Words that Whisper is unsure of are in [brackets]. If you stop it, a second call continues.
    Long recordings are cut at silences between sentences.
    """
    output = Output(as_json=as_json, quiet=quiet, streams=True)
    folder = _folder(source)
    how = Listening(read_config(), model, language, jobs)
    with ProgressLine(output) as line:
        made = complete(transcripts.transcribe(folder, how, progress=line.count))
    accepted = complete(transcripts.accept(folder, accept)) if accept is not None else None
    output.answer(
        transcribed_document(made, accepted),
        lambda: "\n".join(
            [
                transcribed_text(made, source),
                *([accepted_text(accepted)] if accepted is not None else []),
            ]
        ),
        quiet=str(len(made.suggestions)),
    )


def proofread(
    source: Annotated[
        str,
        typer.Argument(
            help="A dataset on this computer, a folder, or a dataset repo such as me/clips."
        ),
    ],
    revision: Annotated[str, typer.Option(help="Branch, tag or commit of the repo.")] = "main",
    model: ModelOption = DEFAULT_MODEL,
    language: LanguageOption = "",
    jobs: JobsOption = 0,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Move transcripts that are at the wrong clip to the right one."
        ),
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Undo the last repair.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find transcripts that are not what is said: swapped, shifted, with missing or extra words, or with cut
    audio. Whisper scores every transcript against its clip on this computer. Nothing is changed without
    --repair, which moves shifted and swapped transcripts to their clips.
    """
    output = Output(as_json=as_json, quiet=quiet, streams=True)
    if undo:
        back = complete(transcripts.undo(_folder(source)))
        output.answer(
            undone_repair_document(back),
            lambda: repaired_text(back, is_undo=True),
            quiet=str(back.moved),
        )
        return
    folder = _folder(source) if repair else None
    how = Listening(read_config(), model, language, jobs)
    with ProgressLine(output) as line:
        proof = _proof(source, folder, how, revision, line)
    repaired = None
    if repair and folder is not None and proof.moves:
        repaired = complete(transcripts.move_texts(folder, proof.moves))
    output.answer(
        proof_document(proof, repaired),
        lambda: "\n".join(
            [proof_text(proof), *([repaired_text(repaired)] if repaired is not None else [])]
        ),
        quiet=str(len(proof.wrong)),
    )
    if proof.errors and repaired is None:
        texts = counted(len(proof.errors), "transcript")
        raise InvalidRequest(
            f"{proof.dataset} has errors: {texts}, or ranges of transcripts, that do not match the recordings.",
            hint="Fix them; --repair moves those that are at the wrong clip."
            if proof.moves
            else "Fix them, or remove the clips.",
        )


def _proof(
    source: str, folder: Path | None, how: Listening, revision: str, line: ProgressLine
) -> Proof:
    place = datasets.find_dataset(how.config, source)
    here = folder or place.folder
    if here is not None:
        return complete(transcripts.proofread_folder(here, how, progress=line.count))

    async def look(bench: Workbench) -> Proof:
        return await transcripts.proofread_repo(
            bench, place.repo, how, revision=revision, progress=line.count
        )

    return at_bench(find((KeyName.HF_DATASET,)), look)


def _folder(source: str) -> Path:
    place = datasets.find_dataset(read_config(), source)
    if place.folder is None:
        raise InvalidRequest(
            f"There is no folder or dataset {source} on this computer.",
            hint="Transcripts are saved here first and sent later: launcher dataset push",
        )
    return place.folder
