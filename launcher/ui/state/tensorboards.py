"""TensorBoards that pages have opened: one for a run, a few at once, all of them ended with the program."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from launcher.clock import Clock
from launcher.domain.run import Run

if TYPE_CHECKING:
    from launcher.services.common.workbench import Workbench

MOST = 3
"""Each takes some 200 MB. The one that was opened longest ago makes room."""


class OpenTensorBoard(Protocol):
    @property
    def url(self) -> str: ...

    @property
    def is_over(self) -> bool: ...

    async def close(self) -> None: ...


Start = Callable[[Path, str], Awaitable[OpenTensorBoard]]


@dataclass
class _Opened:
    shown: OpenTensorBoard
    fresh: asyncio.Task[None]

    async def close(self) -> None:
        self.fresh.cancel()
        await self.shown.close()


class TensorBoards:
    """`start` starts one on a folder, by its title; the real one where nobody says otherwise."""

    def __init__(self, clock: Clock, start: Start | None = None) -> None:
        self._clock, self._start = clock, start
        self._opened: OrderedDict[str, _Opened] = OrderedDict()
        self._opening = asyncio.Lock()

    async def open(
        self, bench: Workbench, run: Run, bench_now: Callable[[], Workbench | None]
    ) -> str:
        """The address of the run's TensorBoard, on its newest files: the one there is, or one that is started now.

        `bench_now` is asked later, for what reads the repo then. Raises NotConfigured where TensorBoard is not
        installed, InvalidRequest while there are no event files, LauncherError.
        """
        from launcher.services.following.tensorboard import (
            TensorBoard,
            bring_event_files,
            keep_fresh,
            need_tensorboard,
        )

        need_tensorboard()
        start = self._start or TensorBoard.start
        async with self._opening:
            files = await bring_event_files(bench, run)
            known = self._opened.pop(run.nonce, None)
            if known is not None and not known.shown.is_over:
                known.fresh.cancel()
                shown = known.shown
            else:
                await self._make_room()
                shown = await start(files.folder, run.run_id)
            fresh = asyncio.create_task(keep_fresh(bench_now, run, self._clock))
            self._opened[run.nonce] = _Opened(shown, fresh)
            return shown.url

    async def close(self) -> None:
        """End them all."""
        while self._opened:
            _, oldest = self._opened.popitem(last=False)
            await oldest.close()

    async def _make_room(self) -> None:
        while len(self._opened) >= MOST:
            _, oldest = self._opened.popitem(last=False)
            await oldest.close()
