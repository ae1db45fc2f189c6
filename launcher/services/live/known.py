"""What this computer and the results repo know of a run, for who looks at it once and does not follow it."""

from __future__ import annotations

import asyncio

from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture
from launcher.services.common.workbench import Workbench
from launcher.services.following.told_so_far import told_so_far
from launcher.services.live.folded import FoldedPictures
from launcher.services.live.journal import Journal


async def known_picture(bench: Workbench, run: Run) -> RunPicture:
    """What was kept here of its events. The repo is asked where its end was not seen here; without it what is here."""
    folder = bench.config.data_folder / "events"
    kept = await asyncio.to_thread(FoldedPictures(Journal(folder), folder).read, run)
    if kept.ended is not None:
        return kept
    told = await told_so_far(bench, run)
    return told if told.last_seq > kept.last_seq else kept
