"""Forgotten pods are looked for as soon as there is a key: once for each set of keys, beside the pages.

Pages read `last` and `news`; nothing here touches an element of a page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from launcher.clock import Clock
from launcher.errors import LauncherError
from launcher.services.common.place_key import holds_place_key
from launcher.stores.secrets import find_keys
from launcher.ui.next_steps import on_page
from launcher.ui.state.sessions import Session, Sessions

if TYPE_CHECKING:
    from launcher.services.common.workbench import Workbench
    from launcher.services.ending.reap import Reaped, ReapReport

NEWS = timedelta(minutes=10)
"""How long every page says what a sweep removed."""


@dataclass(frozen=True)
class Sweep:
    """One look through an account. `trouble`: why there is no report."""

    at: datetime
    report: ReapReport | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Swept:
    """A pod that a sweep has released, or tried to: `trouble` says why it may still be there."""

    pod_id: str
    pod_name: str
    why: str
    trouble: str = ""

    @classmethod
    def of(cls, reaped: Reaped) -> Swept:
        return cls(reaped.pod.id, reaped.pod.name, reaped.why, reaped.trouble)


class Sweeps:
    """Begins by itself when a session that can rent opens, and at the start for a key in the environment."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self.last: Sweep | None = None
        self.version = 0
        self._sessions, self._clock = sessions, clock
        self._done: set[str] = set()
        self._told: list[tuple[datetime, Swept]] = []
        self._at_start: asyncio.Task[None] | None = None
        sessions.when_opened.append(self._opened)

    def start(self, environment: Mapping[str, str]) -> None:
        """Sweep with the keys of the environment, if they are there. The keyring is not asked: it may ask back."""
        keys = find_keys(environment)
        if not holds_place_key(keys):
            return

        async def sweep() -> None:
            # It takes a while to load, in which the first page is answered.
            await asyncio.to_thread(import_module, "launcher.services.ending.reap")
            async with self._sessions.open_bench(keys) as bench:
                await self.sweep(bench)

        self._at_start = asyncio.create_task(sweep())

    async def stop(self) -> None:
        if self._at_start is not None:
            self._at_start.cancel()
            await asyncio.gather(self._at_start, return_exceptions=True)

    def news(self) -> list[Swept]:
        """What sweeps of the last minutes released, or tried to."""
        now = self._clock.now()
        self._told = [each for each in self._told if now - each[0] < NEWS]
        return [swept for _, swept in self._told]

    async def sweep(self, bench: Workbench) -> ReapReport | None:
        """Look through the account now; also what a page's own button does."""
        from launcher.services.ending.reap import reap

        try:
            report = await reap(bench)
        except LauncherError as error:
            self._take(Sweep(self._clock.now(), trouble=on_page(error.message)))
            return None
        self._take(Sweep(self._clock.now(), report))
        return report

    def _take(self, sweep: Sweep) -> None:
        self.last = sweep
        released = sweep.report.released if sweep.report is not None else ()
        self._told += [(sweep.at, Swept.of(each)) for each in released]
        self.version += 1

    def _opened(self, session: Session) -> None:
        if session.mark not in self._done:
            session.start(asyncio.create_task(self._sweep_once(session)))

    async def _sweep_once(self, session: Session) -> None:
        # Done only when it has come to its end: a session that closes in between takes its sweep along.
        if await self.sweep(session.bench) is not None:
            self._done.add(session.mark)
