"""Brings what runs are called into their results repos while the form is open, once there is a token that may."""

from __future__ import annotations

import asyncio
import contextlib

from launcher.stores.runs import RunHistory
from launcher.ui.state.sessions import Sessions

LOOK_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 1_800.0
"""For what cannot be brought: a run that delivered nothing, a Hub that refuses."""


class LabelCourier:
    def __init__(self, sessions: Sessions, history: RunHistory) -> None:
        self._sessions, self._history = sessions, history
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._go())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _go(self) -> None:
        pause, before = LOOK_SECONDS, self._waiting()
        while True:
            await asyncio.sleep(pause)
            await self.bring()
            waiting = self._waiting()
            # What stays although it was tried is tried ever more rarely; what is new soon.
            is_stuck = bool(waiting) and waiting == before
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS) if is_stuck else LOOK_SECONDS
            before = waiting

    async def bring(self) -> None:
        """Try once for everything that waits. Raises nothing: what is refused stays, and is said where it was typed."""
        from launcher.services.labelling import (
            send_all,  # late: a form that starts brings nothing yet
        )

        session = self._sessions.any_with_upload
        if session is not None and self._waiting():
            with contextlib.suppress(Exception):
                await send_all(session.bench)

    def _waiting(self) -> frozenset[tuple[str, str]]:
        return frozenset((each.results_repo, each.run_id) for each in self._history.labels.unsent())
