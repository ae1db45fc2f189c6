"""Runs that there are: one by what it is called, and all that this computer knows."""

from __future__ import annotations

from launcher.api.desk import Desk
from launcher.api.run import Run
from launcher.domain.run_picture import picture_of
from launcher.services.following.find_run import find_with_events


async def found(desk: Desk, key: str) -> Run:
    """The run at that address, of that name or of that pod, or the newest; with what it has told, where the look for
    it had to read that. Raises what `find_run` raises.
    """
    it = await find_with_events(desk.bench, key)
    return Run(desk, it.run, picture_of(it.events))


async def known(desk: Desk, limit: int) -> list[Run]:
    """Every run that this computer knows of, newest first."""
    return [Run(desk, run) for run in desk.bench.runs.runs(limit=limit)]
