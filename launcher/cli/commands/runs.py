"""`launcher runs`: the history of this computer, read without asking anybody else."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from launcher.cli.flags import command_app
from launcher.cli.layout import duration, table, usd
from launcher.cli.output import Output
from launcher.config import read_config
from launcher.domain.delivery import missing_words
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
    from launcher.cli.session import RUNPOD_ALONE, find
    from launcher.cli.session import run as at_bench
    from launcher.errors import LauncherError
    from launcher.services.common.workbench import Workbench
    from launcher.services.ending.refresh import refreshed

    async def look(bench: Workbench) -> None:
        for run in bench.runs.live():
            try:
                await refreshed(bench, run)
            except LauncherError as error:
                output.talk(f"{run.run_id} stays open: {error.message}")

    at_bench(find(RUNPOD_ALONE), look)


def answer_usual_words(words: list[str]) -> bool:
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


def run_document(run: Run) -> dict[str, object]:
    """A run as a program reads it; the settings are in `show`."""
    return {
        "run_id": run.run_id,
        "results_repo": run.results_repo,
        "attempt": run.attempt,
        "state": run.state,
        "end_reason": run.end_reason,
        "detail": run.detail,
        "not_delivered": run.not_delivered,
        "pod_id": run.pod_id,
        "gpu": run.gpu_name,
        "price_per_hour_usd": run.price_per_hour_usd,
        "cost_usd": run.cost_usd,
        "billed_usd": run.billed_usd,
        "max_hours": run.max_hours,
        "max_cost_usd": run.max_cost_usd,
        "planned_at": run.planned_at,
        "created_at": run.created_at,
        "armed_at": run.armed_at,
        "ended_at": run.ended_at,
        "deadline": run.deadline,
        "preset": run.preset,
    }


def lasted_seconds(run: Run) -> float | None:
    """From the pod's creation to the run's end, or to now."""
    if run.created_at is None:
        return None
    end = run.ended_at or datetime.now(UTC)
    return (end - run.created_at).total_seconds()


def _state(run: Run) -> str:
    state = run.end_reason.value if run.end_reason else run.state.value
    return ", ".join(part for part in (state, missing_words(run.not_delivered)) if part)


def _table(found: list[Run]) -> str:
    if not found:
        return "No runs yet. `launcher demo --headless` makes one without a cent."
    rows = [
        (
            run.run_id,
            _state(run),
            run.gpu_name or "-",
            duration(lasted_seconds(run)),
            usd(run.billed_usd if run.billed_usd is not None else run.cost_usd),
            run.planned_at.astimezone().strftime("%d %b %H:%M"),
            run.results_repo,
        )
        for run in found
    ]
    return table(("RUN", "STATE", "GPU", "TIME", "COST", "STARTED", "RESULTS"), rows, right=(3, 4))
