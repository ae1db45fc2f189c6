"""The queue of this computer in the form: kept open for its page, and worked on while a person wants that here.

It works with the keys of the tab that started it. When that tab goes, nothing more starts; a launch under way is
brought to its end with a lease of its own.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from launcher.config import Config
from launcher.errors import LauncherError
from launcher.ui.next_steps import on_page
from launcher.ui.state.sessions import Session, Sessions
from launcher.ui.state.vault import Vault

if TYPE_CHECKING:
    from launcher.domain.run import Run
    from launcher.services.common.workbench import Workbench
    from launcher.services.queue.queued_run import QueuedRun
    from launcher.services.queue.runner import QueueRunner
    from launcher.stores.queue import QueueStore
    from launcher.stores.secrets import Keys

LOOK_SECONDS = 2.0
"""Between two looks whether a run that the form follows is over."""


class QueueHere:
    """`said`: what happened to each entry last, by its number. `trouble`: why the work ended, or ""."""

    def __init__(self, config: Config, sessions: Sessions, vault: Vault) -> None:
        self.said: dict[int, str] = {}
        self.trouble = ""
        self._config, self._sessions, self._vault = config, sessions, vault
        self._store: QueueStore | None = None
        self._runner: QueueRunner | None = None
        self._work: asyncio.Task[None] | None = None

    @property
    def store(self) -> QueueStore:
        """Raises NotConfigured where it cannot be opened."""
        from launcher.stores.queue import QueueStore

        if self._store is None:
            self._store = QueueStore(self._config.queue_path)
        return self._store

    @property
    def is_working(self) -> bool:
        return self._work is not None and not self._work.done()

    @property
    def is_finishing(self) -> bool:
        """Nothing more starts; what is being launched is brought to its end."""
        return self.is_working and self._runner is None

    def start(self, tab: str, session: Session) -> None:
        """Work on the queue with the keys of that tab; where somebody does already, nothing changes."""
        if self.is_working:
            return
        self.trouble = ""
        self._work = asyncio.create_task(self._works(session.keys, tab))
        session.start(asyncio.create_task(self._until_the_keys_go(self._work)))

    def stop(self) -> None:
        """Start nothing more."""
        if self._runner is not None:
            self._runner.finish()
            self._runner = None

    async def close(self) -> None:
        """The program ends: a launch under way gives its pod back, what is armed goes on."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        if self._store is not None:
            self._store.close()
            self._store = None

    async def _until_the_keys_go(self, work: asyncio.Task[None]) -> None:
        try:
            await asyncio.wait([work])
        finally:
            if self._work is work:
                self.stop()

    async def _works(self, keys: Keys, tab: str) -> None:
        from launcher.services.queue.runner import QueueRunner

        try:
            with self._vault.lease(self._vault.held(tab)):
                async with self._sessions.open_bench(keys) as bench:
                    self._runner = QueueRunner(
                        bench,
                        self.store,
                        lambda queued: keys_for(keys, queued),
                        self._hear,
                        follow=over_in_the_history,
                        sweeps=False,
                    )
                    await self._runner.work(stays=True)
        except LauncherError as error:
            self.trouble = f"{on_page(error.message)} {on_page(error.hint)}".strip()
        except Exception as error:  # a fault of ours: its kind is said, its text may hold anything
            self.trouble = (
                f"It failed in this program ({type(error).__name__}). Runs whose pod can end itself continue; "
                "start the queue again."
            )
            raise
        finally:
            self._runner = None

    def _hear(self, number: int, text: str, run: Run | None) -> None:
        self.said[number] = text


def keys_for(keys: Keys, queued: QueuedRun) -> Keys:
    """What the run takes of a tab's keys. Raises NotConfigured for what is missing."""
    from launcher.services.common.run_secrets import need_keys_of

    need_keys_of(keys, queued.settings)
    return replace(keys, notify=None) if queued.is_silent else keys


async def over_in_the_history(bench: Workbench, run: Run, hear: object) -> Run:
    """The form follows every run that lives by itself, and writes down how it ended."""
    from launcher.domain.run import RunState

    while run.state is not RunState.ENDED:
        await bench.clock.sleep(LOOK_SECONDS)
        with suppress(LauncherError):
            run = bench.runs.by_nonce(run.nonce) or run
    return run
