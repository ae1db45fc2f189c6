"""Datasets whose clips are being heard: it goes on while pages come and go, and any page can show how far it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from launcher.errors import LauncherError

Tell = Callable[[str, int, int], None]
Work = Callable[[Tell], Coroutine[Any, Any, object]]


class Hearing:
    """One of them. `error` is why it ended before its end, if a person can act on it."""

    def __init__(self, work: Work) -> None:
        self.stage, self.done, self.of = "", 0, 0
        self.error: LauncherError | None = None
        self.result: object = None
        self._task = asyncio.create_task(self._run(work))

    @property
    def is_over(self) -> bool:
        return self._task.done()

    def stop(self) -> None:
        """End it soon; what was heard until then stays."""
        self._task.cancel()

    async def ended(self) -> None:
        await asyncio.wait([self._task])

    async def _run(self, work: Work) -> None:
        try:
            self.result = await work(self._tell)
        except LauncherError as error:
            self.error = error

    def _tell(self, what: str, done: int, of: int) -> None:
        self.stage, self.done, self.of = what, done, of


class Hearings:
    """By the dataset's name; of each at most one at a time."""

    def __init__(self) -> None:
        self._of: dict[str, Hearing] = {}

    def of(self, name: str) -> Hearing | None:
        """The one under way, or the last one."""
        return self._of.get(name)

    def start(self, name: str, work: Work) -> Hearing:
        known = self._of.get(name)
        if known is None or known.is_over:
            known = self._of[name] = Hearing(work)
        return known

    def forget(self, name: str) -> None:
        """Leave out one that is over and was shown."""
        known = self._of.get(name)
        if known is not None and known.is_over:
            del self._of[name]
