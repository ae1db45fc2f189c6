"""`launcher runs`: the history of this computer, read without asking anybody else."""

from __future__ import annotations

import typer

from launcher.cli.flags import command_app
from launcher.cli.terminal.layout import lasted, table, usd
from launcher.cli.terminal.next_steps import in_terminal
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.run_document import lasted_seconds, run_document
from launcher.config import read_config
from launcher.domain.delivery import missing_text
from launcher.domain.run import Run
from launcher.stores.runs import RunHistory

app = command_app()


@app.command()
def runs(
    as_json: bool = typer.Option(False, "--json", help="One JSON document on stdout."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Run ids alone, one a line."),
    limit: int = typer.Option(30, min=1, help="How many, newest first."),
    refresh: bool = typer.Option(
        False, "--refresh", help="Look first how those ended that nobody watched; needs the keys."
    ),
) -> None:
    """Every run this computer knows of, newest first."""
    output = Output(as_json=as_json, quiet=quiet)
    if refresh:
        _refresh(output)
    show_runs(output, limit)


def _refresh(output: Output) -> None:
    # Loaded here alone: the list itself is there at once, without HTTP.
    from launcher.cli.session import PLACE_ALONE, find
    from launcher.cli.session import run as at_bench
    from launcher.errors import LauncherError
    from launcher.services.common.workbench import Workbench
    from launcher.services.ending.refresh import refreshed

    async def look(bench: Workbench) -> None:
        for run in bench.runs.live():
            try:
                await refreshed(bench, run)
            except LauncherError as error:
                output.talk(f"{run.run_id} stays open: {in_terminal(error.message)}")

    at_bench(find(PLACE_ALONE), look)


def answer_usual_arguments(words: list[str]) -> bool:
    """Answer the command as it is mostly typed, without typer; False when it takes a real parser."""
    if not set(words) <= {"--json", "--quiet", "-q"}:
        return False
    is_quiet = "--quiet" in words or "-q" in words
    show_runs(Output(as_json="--json" in words, quiet=is_quiet))
    return True


def show_runs(output: Output, limit: int = 30) -> None:
    config = read_config()
    found: list[Run] = []
    if config.history_path.exists():
        history = RunHistory(config.history_path)
        found = history.runs(limit=limit)
        history.close()
    output.answer(
        [run_document(run) for run in found],
        lambda: _table(found),
        quiet="\n".join(run.run_id for run in found),
    )


def _state(run: Run) -> str:
    state = run.end_reason.value if run.end_reason else run.state.value
    return ", ".join(part for part in (state, missing_text(run.not_delivered)) if part)


def _table(found: list[Run]) -> str:
    if not found:
        return "No runs yet. `launcher demo --headless` makes one without a cent."
    rows = [
        (
            run.run_id,
            _state(run),
            run.gpu_name or "-",
            lasted(lasted_seconds(run)),
            usd(run.billed_usd if run.billed_usd is not None else run.cost_usd),
            run.planned_at.astimezone().strftime("%d %b %H:%M"),
            run.results_repo,
        )
        for run in found
    ]
    return table(("RUN", "STATE", "GPU", "TIME", "COST", "STARTED", "RESULTS"), rows, right=(3, 4))
