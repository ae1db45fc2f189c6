"""The keys of a program that has one set of them, and what was opened with them: for what follows and launches runs."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext

from launcher.services.common.workbench import Workbench
from launcher.stores.secrets import Keys


class OwnKeys:
    """They stay for as long as the program does."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    @property
    def bench(self) -> Workbench:
        return self._bench

    def start(self, job: asyncio.Task[None]) -> None:
        """These keys do not go before the program does, which ends all that follows runs."""

    @property
    def holders(self) -> list[OwnKeys]:
        return [self]

    def open_bench(self, keys: Keys) -> AbstractAsyncContextManager[Workbench]:
        """The same for a launch: its looks at pods are those of everybody else."""
        return nullcontext(self._bench)
