"""One look at a dataset, as the services take it, for tests that await it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from launcher.workshop.check import CheckSettings, Progress, look_over
from launcher.workshop.report import DatasetReport
from pod_image.dataset import FileSource, FolderSource


async def check_dataset(
    source: FileSource,
    settings: CheckSettings | None = None,
    *,
    progress: Progress = lambda what, done, of: None,
) -> DatasetReport:
    return await asyncio.to_thread(look_over, source, settings or CheckSettings(), None, progress)


async def check_folder(folder: Path, settings: CheckSettings | None = None) -> DatasetReport:
    return await check_dataset(FolderSource(folder, follows_links=True), settings)
