"""The top of a run's page once the run is over: what it made, how it ended, and what to do next."""

from __future__ import annotations

from launcher.domain.run import Run, RunState
from launcher.domain.run_view import RunView
from launcher.ui.frame import Shell
from launcher.ui.pages.run.delivered_now import DeliveredNow
from launcher.ui.pages.run.notices import draw_end
from launcher.ui.pages.run.ready import RunEnd
from launcher.ui.widgets.elements import box


class RunOver:
    """Empty while the run goes on. Drawn when it ends, and anew only when what there is to say has changed."""

    def __init__(self, shell: Shell, run: Run, view: RunView, delivered: DeliveredNow) -> None:
        self._shell, self._view = shell, view
        self._drawn: object = None
        self._made = RunEnd(shell, run, view, delivered)
        self._place = box("div", "stack-small")
        self.refresh(run)

    def refresh(self, run: Run) -> None:
        self._made.refresh(run)
        ended = self._view.picture.ended
        key = (
            run.state,
            run.end_reason,
            run.detail,
            run.not_delivered,
            ended,
            self._made.says_all,
            self._made.said,
        )
        if run.state is not RunState.ENDED or key == self._drawn:
            return
        self._drawn = key
        self._place.clear()
        if self._made.says_all:
            return
        with self._place:
            draw_end(run, self._view, self._made.said)
