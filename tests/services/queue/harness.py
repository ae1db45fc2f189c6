"""A queue on a person's machine, and programs that work on it in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from launcher.domain.queued import EntryState, QueueEntry
from launcher.domain.run import Run
from launcher.services.common.workbench import Workbench
from launcher.services.planning.compose import compose
from launcher.services.queue.adding import Added, HowToQueue, add
from launcher.services.queue.queued_run import QueuedRun
from launcher.services.queue.runner import QueueRunner
from launcher.stores.queue import QueueStore
from launcher.stores.secrets import Keys
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from tests.kit.clouds import RESULTS_REPO
from tests.services.harness import LauncherHarness


def queued(**changes: Any) -> QueuedRun:
    """A command that does nothing, for an hour at most."""
    given = {
        "recipe": "command", "argv": ["true"], "results_repo": RESULTS_REPO, "max_hours": 1.0,
        "boot_minutes": 10.0, "gpu_types": ["RTX 4090"], "cloud": "secure",
    }  # fmt: skip
    return QueuedRun(compose(None, {**given, **changes}))


class QueueHarness(LauncherHarness):
    def __init__(self, folder: Path, **config: Any) -> None:
        super().__init__(folder, **config)
        self.store = QueueStore(self.config.queue_path)
        self.heard: list[tuple[int, str]] = []
        self._first_prices = self.world.catalogue.gpus

    async def add(self, how: HowToQueue | None = None, **changes: Any) -> Added:
        return await add(self.bench, self.store, queued(**changes), self.keys, how or HowToQueue())

    def keys_of(self, run: QueuedRun) -> Keys:
        return self.keys

    def tell(self, number: int, text: str, run: Run | None) -> None:
        self.heard.append((number, text))

    def queue_runner(self, bench: Workbench | None = None, **options: Any) -> QueueRunner:
        return QueueRunner(bench or self.bench, self.store, self.keys_of, self.tell, **options)

    async def work(self, **options: Any) -> None:
        """One program, until nothing is left that may start."""
        await self.queue_runner(**options).work()

    @asynccontextmanager
    async def working(self, bench: Workbench | None = None) -> AsyncIterator[asyncio.Task[None]]:
        """One program beside the test, which leaves as on Ctrl-C."""
        task = asyncio.create_task(self.queue_runner(bench).work(stays=True))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def entries(self) -> list[QueueEntry]:
        return sorted(self.store.entries(), key=lambda each: each.number)

    def states(self) -> list[EntryState]:
        return [each.state for each in self.entries()]

    def said(self, number: int) -> str:
        return " ".join(text for entry, text in self.heard if entry == number)

    def documents(self) -> list[RunDocument]:
        """What each pod was told of its run, in the order in which they were started."""
        return [RunDocument.from_json(each.spec.env[RUN_VARIABLE]) for each in self.runner.started]

    def reprice(self, factor: float) -> None:
        """Every GPU costs that many times as much as it did first."""
        self.world.catalogue.gpus = tuple(
            replace(
                gpu, secure_usd=gpu.secure_usd * factor, community_usd=gpu.community_usd * factor
            )
            for gpu in self._first_prices
        )

    def started(self) -> list[int]:
        """In which order entries came to their turn."""
        return [number for number, text in self.heard if text.startswith("It starts as")]


async def until(condition: Any, seconds: float = 3600.0) -> None:
    """Until it holds, in virtual time."""
    for _ in range(int(seconds)):
        if condition():
            return
        await asyncio.sleep(1.0)
    raise AssertionError(f"not within {seconds:.0f} s")
