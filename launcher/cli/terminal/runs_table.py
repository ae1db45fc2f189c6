"""Runs as lines below each other, the same from every command that lists them."""

from __future__ import annotations

from launcher.cli.terminal.layout import lasted, table, usd
from launcher.cli.terminal.run_time import lasted_seconds
from launcher.domain.delivery import missing_text
from launcher.domain.run import Run


def runs_table(found: list[Run]) -> str:
    """What there is to see of them at a glance."""
    if not found:
        return "No runs yet. `launcher demo --headless` makes one without a cent."
    rows = [
        (
            run.run_id,
            _state(run),
            run.gpu_name or "-",
            lasted(lasted_seconds(run)),
            usd(run.known_cost_usd),
            run.planned_at.astimezone().strftime("%d %b %H:%M"),
            run.results_repo,
        )
        for run in found
    ]
    return table(("RUN", "STATE", "GPU", "TIME", "COST", "STARTED", "RESULTS"), rows, right=(3, 4))


def _state(run: Run) -> str:
    state = run.end_reason.value if run.end_reason else run.state.value
    return ", ".join(part for part in (state, missing_text(run.not_delivered)) if part)
