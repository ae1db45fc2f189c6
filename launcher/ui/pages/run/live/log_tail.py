"""The end of a run's log, following what is printed; the whole of it is one click away."""

from __future__ import annotations

from launcher.domain.run import Run, RunState
from launcher.domain.run_view import RunView
from launcher.ui.pages.run.log_book import LogBook
from launcher.ui.pages.run.log_lines import LogLines
from launcher.ui.widgets.elements import box, button_link, card, heading, hint
from pod_image.contract.figures import counted

LINES_KEPT = 2_000
"""Of the tail; the page of the whole log holds fifty times as many."""


class LogTail:
    """Lines as they were printed, the newest in view until one scrolls up."""

    def __init__(self, run: Run, view: RunView) -> None:
        self._view = view
        self._book = LogBook(LINES_KEPT)
        with card(classes="log-tail"):
            with box("div", "row spread"):
                heading(2, "Log")
                button_link("Whole log", f"/runs/{run.nonce}?tab=log")
            self._nothing = hint("")
            self._lines = LogLines("The end of the log").mark("log-tail")
            self._before = hint("")

    def refresh(self, run: Run) -> None:
        if self._book.see(self._view.log):
            self._lines.show(self._book.matches, ())
        self._nothing.text = _nothing_text(run, self._view)
        self._nothing.set_visibility(not len(self._book))
        left_out = self._view.log_count - len(self._book)
        self._before.text = f"{counted(left_out, 'line')} before these." if left_out else ""
        self._before.set_visibility(bool(left_out))


def _nothing_text(run: Run, view: RunView) -> str:
    if run.state is RunState.ENDED:
        return "No lines since this program started. The whole log has what was delivered."
    if run.is_from_repo:
        return "The log of this run is read from its results repo: see the full log."
    if view.picture.phase is None:
        return "What the machine prints appears here. The first lines come when it starts."
    return "No lines since this program started. The whole log has what was delivered."
