"""`launcher runs`: the history of this computer, read without asking anybody else."""

from __future__ import annotations

import typer

from launcher.cli.documents.runs import runs_document
from launcher.cli.flags import command_app
from launcher.cli.terminal.command_line import know_shared, name_of
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.runs_table import runs_table
from launcher.config import read_config
from launcher.domain.run import Run
from launcher.stores.runs import RunHistory

app = command_app()


@app.command()
def runs(
    as_json: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Print only the names, one per line."),
    limit: int = typer.Option(30, min=1, help="Number of runs, newest first."),
    tag: str = typer.Option("", metavar="TAG", help="Only runs with this tag."),
    refresh: bool = typer.Option(
        False,
        "--refresh",
        help="First check the account's pods and the results repos; needs the keys.",
    ),
) -> None:
    """All runs that this computer knows, newest first."""
    output = Output(as_json=as_json, quiet=quiet)
    if refresh:
        _refresh(output)
    show_runs(output, limit, tag)


def _refresh(output: Output) -> None:
    # Loaded here alone: the list itself is there at once, without HTTP.
    from launcher.cli.session import PLACE_ALONE, find
    from launcher.cli.session import run as at_bench
    from launcher.services.following.look_around import look_around

    looked = at_bench(find(PLACE_ALONE), look_around)
    for trouble in looked.troubles:
        output.talk(in_terminal(trouble))


def answer_usual_arguments(words: list[str]) -> bool:
    """Answer the command as it is mostly typed, without typer; False when it takes a real parser."""
    if not set(words) <= {"--json", "--quiet", "-q"}:
        return False
    is_quiet = "--quiet" in words or "-q" in words
    show_runs(Output(as_json="--json" in words, quiet=is_quiet))
    return True


def show_runs(output: Output, limit: int = 30, tag: str = "") -> None:
    config = read_config()
    found: list[Run] = []
    if config.history_path.exists():
        history = RunHistory(config.history_path)
        found = history.runs(limit=limit, tag=tag)
        know_shared(history.shared_ids())
        history.close()
    output.answer(
        runs_document(found),
        lambda: runs_table(found, tag),
        quiet="\n".join(map(name_of, found)),
    )
