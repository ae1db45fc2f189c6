"""What a run's page shows without a click, one part a file: curves, newest samples, gauges, steps, the log's end."""

from __future__ import annotations

from collections.abc import Callable

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.recipes import recipe_of_run
from launcher.ui.frame import Shell
from launcher.ui.pages.run.checkpoint_list import CheckpointList
from launcher.ui.pages.run.delivered_now import DeliveredNow
from launcher.ui.pages.run.live.curves import Curves
from launcher.ui.pages.run.live.gauges import Gauges
from launcher.ui.pages.run.live.log_tail import LogTail
from launcher.ui.pages.run.live.newest_samples import NewestSamples
from launcher.ui.pages.run.live.phases import Phases
from launcher.ui.pages.run.live.remarks import Bill, Remarks
from launcher.ui.widgets.elements import box


def draw_live(
    shell: Shell, run: Run, view: RunView, delivered: DeliveredNow
) -> Callable[[Run], None]:
    """Draw it all; what is returned keeps it up to date and draws nothing anew that has not changed."""
    shown = recipe_of_run(run.settings_json).shown
    with box("div", "run-row"):
        curves = Curves(shell.site, run, view, shown)
        samples = NewestSamples(shell.site, run, view, shown)
    gauges = Gauges(shell, run, view)
    with box("div", "run-row run-row-loose"):
        tail = LogTail(run, view)
        with box("div", "stack"):
            phases = Phases(shell, run, view)
            remarks = Remarks(shell, view)
    checkpoints = CheckpointList(shell, run, view, delivered)
    bill = Bill(shell)

    def refresh(now: Run) -> None:
        curves.refresh(now)
        samples.refresh(now)
        gauges.refresh(now)
        tail.refresh(now)
        phases.refresh(now)
        remarks.refresh()
        checkpoints.refresh(now)
        bill.refresh(now)

    refresh(run)
    return refresh
