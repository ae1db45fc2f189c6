"""A command as it is printed to be typed: every word as a shell takes it, every run as this computer finds it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from launcher.domain.run import Run

_shared: set[str] = set()
"""Run ids of which this computer knows more than one run, in several results repos."""


def command_line(*words: str) -> str:
    """Such as `launcher watch run-01`. A word that a shell would take apart or obey is quoted."""
    return shlex.join(["launcher", *words])


def name_of(run: Run) -> str:
    """What to type for the run here: its id, or its address where another repo has a run of that id."""
    return run.address if run.run_id in _shared else run.run_id


def know_shared(run_ids: Iterable[str]) -> None:
    """Which ids do not tell a run by themselves, from here on."""
    _shared.clear()
    _shared.update(run_ids)
