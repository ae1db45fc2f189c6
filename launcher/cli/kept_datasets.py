"""`launcher dataset list`, `show`, `edit`, `drop` and `delete`: the datasets kept on this machine."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from launcher.cli.flags import JsonOption, QuietOption, YesOption
from launcher.cli.session import complete
from launcher.cli.terminal.dataset_view import list_text, shown_text
from launcher.cli.terminal.output import Output
from launcher.config import read_config
from launcher.errors import InvalidRequest
from launcher.services import datasets
from pod_image.contract.figures import recorded

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of a dataset kept here.")]


def add_to(app: typer.Typer) -> None:
    """Make these commands of the group."""
    app.command("list")(list_)
    for command in (show, edit, drop, delete):
        app.command()(command)


def list_(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """The datasets kept here, with clips, minutes, size and times."""
    found = complete(datasets.kept(read_config()))
    Output(as_json=as_json, quiet=quiet).answer(
        found, lambda: list_text(found), quiet="\n".join(each.name for each in found)
    )


def show(name: NameArgument, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """One dataset: every clip with its length and text."""
    shown = complete(datasets.show(read_config(), name))
    Output(as_json=as_json, quiet=quiet).answer(
        shown,
        lambda: shown_text(shown),
        quiet="\n".join(f"{clip.file}|{clip.text}" for clip in shown.clips),
    )


def edit(
    name: NameArgument,
    clip: Annotated[str, typer.Argument(help="Its file, as `launcher dataset show` lists it.")],
    text: Annotated[str | None, typer.Option(help="What is said in it.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Who says it; empty for nobody.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Change what is said in a clip, or who says it."""
    if text is None and speaker is None:
        raise InvalidRequest("There is nothing to change.", hint="Give --text or --speaker.")
    line = complete(datasets.edit(read_config(), name, clip, text=text, speaker=speaker))
    by = f" ({line.speaker})" if line.speaker else ""
    Output(as_json=as_json, quiet=quiet).answer(
        line, lambda: f"{line.file}{by}: {line.text or '(no text)'}", quiet=""
    )


def drop(
    name: NameArgument,
    clips: Annotated[list[str], typer.Argument(metavar="CLIP...", help="Their files.")],
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take clips out of a dataset, line and file. Your own recordings stay."""
    what = "1 clip" if len(clips) == 1 else f"{len(clips):,} clips"
    _agree(f"Delete {what} of {name} for good?", yes)
    dropped = complete(datasets.drop(read_config(), name, clips))
    Output(as_json=as_json, quiet=quiet).answer(
        {"name": name, "dropped": dropped},
        lambda: f"{dropped:,} taken out of {name}.",
        quiet=str(dropped),
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
    lost = f"{found.name} has {found.clips:,} clips ({recorded(found.minutes)})"
    _agree(f"{lost}. Delete it for good?", yes)
    gone = complete(datasets.delete(config, name, confirmed=True))
    Output(as_json=as_json, quiet=quiet).answer(
        {"deleted": gone},
        lambda: f"{gone.name} is deleted. What was pushed to Hugging Face stays there.",
        quiet=gone.name,
    )


def _agree(question: str, yes: bool) -> None:
    """Ask a person; raise InvalidRequest where nobody sits, and leave with 1 after a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequest(
            f"{question} There is no terminal to ask on.", hint="Add --yes if it is meant."
        )
    if not typer.confirm(question, default=False, err=True):
        raise typer.Exit(1)
