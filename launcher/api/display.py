"""A run shown while it goes on: in a notebook's cell that is drawn again in place, else on the terminal."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from launcher.clock import Clock
from launcher.domain.run import Run as KnownRun

BETWEEN_DRAWINGS = timedelta(seconds=1)


def notebook() -> Any | None:
    """The module IPython where a notebook's kernel runs this program, else None. Nothing is imported for it."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return module if shell is not None and hasattr(shell, "kernel") else None


class Cell:
    """The output of a cell, drawn again in place, at most once a second."""

    def __init__(self, notebook: Any, clock: Clock) -> None:
        self._display, self._clock = notebook.display, clock
        self._handle: Any = None
        self._drawn_at: datetime | None = None

    def draw(self, html: Callable[[], str], *, is_last: bool = False) -> None:
        now = self._clock.now()
        is_due = self._drawn_at is None or now - self._drawn_at >= BETWEEN_DRAWINGS
        if not (is_due or is_last):
            return
        self._drawn_at = now
        page = self._display.HTML(html())
        if self._handle is None:
            self._handle = self._display.display(page, display_id=True)
        else:
            self._handle.update(page)


@contextmanager
def on_terminal(run: KnownRun) -> Iterator[Callable[[object], None]]:
    """The command line's own display of a run; what it is given is shown. Both streams are as before at the end."""
    # By its name: the command line stands above this package, and a program without a terminal never loads it.
    live_module = importlib.import_module("launcher.cli.terminal.live")
    output = importlib.import_module("launcher.cli.terminal.output").Output()
    before = sys.stdout, sys.stderr
    try:
        with live_module.Live(output, leaving="Ctrl-C: stop watching") as live:
            live.follow(run)
            if run.cost_usd is not None:
                live.picture.meter(run.cost_usd)
            yield live.see
    finally:
        sys.stdout, sys.stderr = before
