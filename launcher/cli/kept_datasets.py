"""`launcher dataset list`, `show`, `edit`, `drop`, `restore`, `undo` and the like: datasets kept on this machine."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from launcher.cli.completing import complete
from launcher.cli.documents.datasets import (
    DatasetDrop,
    DatasetEmptyTrash,
    DatasetRestore,
    deleted_document,
    edited_document,
    left_out_document,
    list_document,
    redone_document,
    shown_document,
    undone_document,
)
from launcher.cli.flags import JsonOption, QuietOption, YesOption
from launcher.cli.terminal.dataset_view import left_out_text, list_text, shown_text
from launcher.cli.terminal.output import Output
from launcher.config import read_config
from launcher.errors import InvalidRequest
from launcher.services import clips, datasets
from pod_image.contract.figures import counted, recorded, size

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of a dataset on this computer.")
]


def add_to(app: typer.Typer) -> None:
    """Make these commands of the group."""
    app.command("list")(list_)
    for command in (show, edit, drop, restore, undo, redo, delete):
        app.command()(command)
    app.command("empty-trash")(empty_trash)


def list_(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """List the datasets on this computer: clips, minutes, size and times."""
    found = complete(datasets.kept(read_config()))
    Output(as_json=as_json, quiet=quiet).answer(
        list_document(found), lambda: list_text(found), quiet="\n".join(each.name for each in found)
    )


def show(name: NameArgument, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Show a dataset: every clip with its length and transcript."""
    shown = complete(datasets.show(read_config(), name))
    Output(as_json=as_json, quiet=quiet).answer(
        shown_document(shown),
        lambda: shown_text(shown),
        quiet="\n".join(f"{clip.file}|{clip.text}" for clip in shown.clips),
    )


def edit(
    name: NameArgument,
    clip: Annotated[
        str, typer.Argument(help="File of the clip, as listed by `launcher dataset show`.")
    ],
    text: Annotated[str | None, typer.Option(help="New transcript.")] = None,
    speaker: Annotated[str | None, typer.Option(help="New speaker; empty removes it.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Change a clip's transcript or speaker."""
    if text is None and speaker is None:
        raise InvalidRequest("Nothing to change.", hint="Give --text or --speaker.")
    line = complete(datasets.edit(read_config(), name, clip, text=text, speaker=speaker))
    by = f" ({line.speaker})" if line.speaker else ""
    Output(as_json=as_json, quiet=quiet).answer(
        edited_document(line),
        lambda: f"{line.file}{by}: {line.text or '(no transcript)'}",
        quiet="",
    )


def drop(
    name: NameArgument,
    files: Annotated[list[str], typer.Argument(metavar="CLIP...", help="Files of the clips.")],
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Remove clips from a dataset, both line and file. Your own recordings stay, and `restore` brings the
    clips back."""
    agree(f"Remove {counted(len(files), 'clip')} from {name}?", yes)
    dropped = complete(datasets.drop(read_config(), name, files))
    document: DatasetDrop = {
        "schema": "dataset.drop",
        "version": 1,
        "name": name,
        "dropped": dropped,
    }
    Output(as_json=as_json, quiet=quiet).answer(
        document,
        lambda: f"{dropped:,} removed from {name}. To restore: launcher dataset restore {name}",
        quiet=str(dropped),
    )


def restore(
    name: NameArgument,
    clip: Annotated[
        list[str] | None, typer.Argument(metavar="CLIP...", help="Files of the clips.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Restore all of them.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Bring back clips that were removed; without a clip or --all, list them."""
    output = Output(as_json=as_json, quiet=quiet)
    if not clip and not every:
        found = complete(clips.left_out(read_config(), name))
        output.answer(
            left_out_document(found),
            lambda: left_out_text(found),
            quiet="\n".join(one.line.file for one in found),
        )
        return
    back = complete(clips.restore(read_config(), name, clip or ()))
    document: DatasetRestore = {
        "schema": "dataset.restore",
        "version": 1,
        "name": name,
        "restored": back,
    }
    output.answer(
        document,
        lambda: f"{counted(len(back), 'clip')} of {name} restored: {', '.join(back[:10])}",
        quiet="\n".join(back),
    )


def undo(name: NameArgument, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Undo the last change of a dataset's clips and texts, made here or in the web form."""
    edit = complete(clips.undo(read_config(), name))
    Output(as_json=as_json, quiet=quiet).answer(
        undone_document(edit), lambda: f"Undone: {edit.what}.", quiet=""
    )


def redo(name: NameArgument, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Redo what was undone last."""
    edit = complete(clips.redo(read_config(), name))
    Output(as_json=as_json, quiet=quiet).answer(
        redone_document(edit), lambda: f"Redone: {edit.what}.", quiet=""
    )


def empty_trash(
    name: NameArgument,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Delete permanently the clips that were removed, and all audio kept to undo changes."""
    config = read_config()
    kept = complete(clips.kept_bytes(config, name))
    left = complete(clips.left_out(config, name))
    gone = f"{counted(len(left), 'clip')} removed from {name}, and the undo history ({size(kept)})"
    agree(f"{gone}. Delete them permanently?", yes)
    freed = complete(clips.empty_trash(config, name, confirmed=True))
    document: DatasetEmptyTrash = {
        "schema": "dataset.empty-trash",
        "version": 1,
        "name": name,
        "freed_bytes": freed,
    }
    Output(as_json=as_json, quiet=quiet).answer(
        document, lambda: f"{size(freed)} freed.", quiet=str(freed)
    )


def delete(
    name: NameArgument,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Delete a dataset and all its clips from this computer."""
    config = read_config()
    found = complete(datasets.show(config, name)).summary
    lost = f"{found.name} has {counted(found.clips, 'clip')} ({recorded(found.minutes)})"
    agree(f"{lost}. Delete it permanently?", yes)
    gone = complete(datasets.delete(config, name, confirmed=True))
    Output(as_json=as_json, quiet=quiet).answer(
        deleted_document(gone),
        lambda: f"{gone.name} was deleted. What you pushed to Hugging Face stays there.",
        quiet=gone.name,
    )


def agree(question: str, yes: bool) -> None:
    """Ask a person; raise InvalidRequest where nobody sits, and leave with 1 after a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequest(
            f"{question} There is no terminal to ask for confirmation.",
            hint="Add --yes to confirm.",
        )
    if not typer.confirm(question, default=False, err=True):
        raise typer.Exit(1)
