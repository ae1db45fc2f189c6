"""`launcher share`: the page of a run as one file to send, or in a Space."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from launcher.cli.documents.made import Share
from launcher.cli.flags import JsonOption, QuietOption, RunArgument, YesOption, command_app
from launcher.cli.session import run_at
from launcher.cli.terminal.output import Output
from launcher.errors import InvalidRequest
from launcher.services.common.workbench import Workbench
from launcher.services.following.find_run import find_run
from launcher.services.sharing.choice import Choice
from launcher.services.sharing.making import Made, make_page, write_page
from launcher.services.sharing.space import InSpace, look_at_space, put_into_space
from launcher.stores.secrets import KeyName
from pod_image.contract.next_steps import NextStep, Sentence

app = command_app()


@dataclass(frozen=True)
class _Shared:
    made: Made
    file: Path | None = None
    space: InSpace | None = None


@app.command()
def share(
    run: RunArgument = "",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write. Default: RUN.html in this folder."),
    ] = None,
    title: Annotated[str, typer.Option(help="Heading, instead of the run ID.")] = "",
    with_dataset: Annotated[
        bool, typer.Option("--with-dataset", help="Include names of datasets and repos.")
    ] = False,
    with_notes: Annotated[
        bool,
        typer.Option(
            "--with-notes", help="Include why it ended, its warnings and its last output."
        ),
    ] = False,
    with_reference: Annotated[
        bool,
        typer.Option("--with-reference", help="Include your own recording for comparison."),
    ] = False,
    space: Annotated[
        str, typer.Option(metavar="OWNER/NAME", help="Publish it in this static Space.")
    ] = "",
    public: Annotated[
        bool, typer.Option("--public", help="Make the Space public; asks first.")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Save a run's page as one file: state, curves, samples. It opens anywhere, without a network.

    Names of datasets and repos, the run's own messages and your own recording are left out unless you ask for
    them. A Space is private unless you add --public. It is created with the token that writes results, which
    must be allowed to write there.
    """
    if public and not space:
        raise InvalidRequest("--public needs a Space.", hint="Add --space OWNER/NAME.")
    if space and out is not None:
        raise InvalidRequest(
            "The page can go to a file or to a Space, not both.", hint="Use only one of the two."
        )
    if public:
        _agree(space, yes=yes)
    choice = Choice(title, with_dataset, with_notes, with_reference)

    async def work(bench: Workbench) -> _Shared:
        found = await find_run(bench, run)
        if not space:
            made = await make_page(bench, found, choice)
            return _Shared(
                made, file=write_page(made, (out or Path(made.name)).expanduser(), replaces=yes)
            )
        state = await look_at_space(bench, space, is_public=public, replaces=yes)
        made = await make_page(bench, found, choice)
        put = await put_into_space(bench, made, space, state, title=title, is_public=public)
        return _Shared(made, space=put)

    shared = run_at(run, work, (KeyName.HF_UPLOAD,) if space else (), is_for_results=False)
    output = Output(as_json=as_json, quiet=quiet)
    output.answer(_document(shared), lambda: _text(shared, choice), quiet=_where(shared))


def _agree(space: str, *, yes: bool) -> None:
    """Everyone will be able to hear it: that is asked, and never taken for granted."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequest(
            f"There is no terminal to confirm that everyone may see {space}.",
            hint=Sentence("Confirm with ", NextStep.CONFIRM, ", or remove --public."),
        )
    question = f"Everyone will be able to see and hear the page in {space}. Continue?"
    if not typer.confirm(question, default=False, err=True):
        raise typer.Exit(1)


def _where(shared: _Shared) -> str:
    return shared.space.address if shared.space else str(shared.file)


def _document(shared: _Shared) -> Share:
    made = shared.made
    return {
        "schema": "share",
        "version": 1,
        "run_id": made.run.run_id,
        "results_repo": made.run.results_repo,
        "file": shared.file,
        "space": shared.space.repo if shared.space else None,
        "address": shared.space.address if shared.space else None,
        "public": shared.space.is_public if shared.space else None,
        "size_bytes": len(made.content),
        "samples": made.samples,
        "samples_made": made.samples_made,
        "trouble": made.trouble,
    }


def _seen_by(space: InSpace | None) -> str:
    if space is None:
        return ""
    return (
        " Everyone can see it."
        if space.is_public
        else " It is private: you can see it when you are signed in."
    )


def _text(shared: _Shared, choice: Choice) -> str:
    made = shared.made
    lines = [f"{_where(shared)}  ({made.holds}){_seen_by(shared.space)}"]
    if made.trouble:
        lines.append(f"Some parts are missing: {made.trouble}")
    left = [
        words
        for is_in, words in (
            (choice.with_dataset, "names of datasets and repos (--with-dataset)"),
            (choice.with_notes, "its own messages (--with-notes)"),
            (choice.with_reference, "your own recording (--with-reference)"),
        )
        if not is_in
    ]
    if left:
        lines.append(f"Left out: {'; '.join(left)}.")
    return "\n".join(lines)
