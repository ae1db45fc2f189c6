"""What a run has told so far, for who looks at it once and does not follow it."""

from __future__ import annotations

from dataclasses import replace

from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture, picture_of
from launcher.errors import LauncherError
from launcher.services.common.workbench import Workbench
from launcher.services.following.attached import delivered_events


async def told_so_far(bench: Workbench, run: Run) -> RunPicture:
    """As far as it is in the results repo; empty where that cannot be read at once."""
    hurried = replace(bench, hub=bench.hub.in_a_hurry())
    try:
        return picture_of(await delivered_events(hurried, run))
    except LauncherError:
        return RunPicture()
