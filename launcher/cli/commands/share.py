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
        typer.Option(metavar="FILE", help="Where to write it; RUN.html here when left out."),
    ] = None,
    title: Annotated[str, typer.Option(help="Its heading, in place of the run's id.")] = "",
    with_dataset: Annotated[
        bool, typer.Option("--with-dataset", help="Name datasets and repos in it.")
    ] = False,
    with_notes: Annotated[
        bool, typer.Option("--with-notes", help="Add why it ended, remarks and its last lines.")
    ] = False,
    with_reference: Annotated[
        bool,
        typer.Option("--with-reference", help="Add your own recording to compare with."),
    ] = False,
    space: Annotated[
        str, typer.Option(metavar="OWNER/NAME", help="Put it into this static Space.")
    ] = "",
    public: Annotated[
        bool, typer.Option("--public", help="Let everyone see the Space; asks first.")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make one file of a run's page: state, curves, samples. It opens anywhere and fetches nothing.

    Names of datasets and repos, words of the run and your own recording stay out unless you ask for them. A Space is
    private unless you say --public; the token that writes results makes it, and needs the right to write there.
    """
    if public and not space:
        raise InvalidRequest("--public is about a Space.", hint="Name one: --space OWNER/NAME")
    if space and out is not None:
        raise InvalidRequest(
            "The page goes to a file or to a Space.", hint="Leave out one of the two."
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

    shared = run_at(run, work, (KeyName.HF_UPLOAD,) if space else ())
    output = Output(as_json=as_json, quiet=quiet)
    output.answer(_document(shared), lambda: _text(shared, choice), quiet=_where(shared))


def _agree(space: str, *, yes: bool) -> None:
    """Everyone will be able to hear it: that is asked, and never taken for granted."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequest(
            f"Nobody is here to agree that everyone may see {space}.",
            hint=Sentence("Agree to it with ", NextStep.CONFIRM, ", or leave out --public."),
        )
    question = f"Everyone will see and hear the page in {space}. Go on?"
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
    return " Everyone can see it." if space.is_public else " It is private: you see it signed in."


def _text(shared: _Shared, choice: Choice) -> str:
    made = shared.made
    lines = [f"{_where(shared)}  ({made.holds}){_seen_by(shared.space)}"]
    if made.trouble:
        lines.append(f"Some of it could not be had: {made.trouble}")
    left = [
        words
        for is_in, words in (
            (choice.with_dataset, "names of datasets and repos (--with-dataset)"),
            (choice.with_notes, "what it said in words (--with-notes)"),
            (choice.with_reference, "your own recording (--with-reference)"),
        )
        if not is_in
    ]
    if left:
        lines.append(f"Left out: {'; '.join(left)}.")
    return "\n".join(lines)
