"""Studies that this form runs: with the keys of the tab that started them, and no longer than those are there.

When they go, or the person leaves it, nobody here begins or follows its trials any more: a launch under way gives its
pod back, what is armed goes on and ends itself, and the study goes on wherever somebody runs it next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from launcher.domain.studies.address import StudyAddress
from launcher.errors import LauncherError
from launcher.ui.next_steps import on_page
from launcher.ui.state.sessions import Session, Sessions
from launcher.ui.state.vault import Vault

if TYPE_CHECKING:
    from launcher.domain.studies.study import Study
    from launcher.services.following.watch import Watching
    from launcher.services.studies.news import StudyNews
    from launcher.stores.secrets import Keys

MESSAGES_KEPT = 50


@dataclass
class RunningStudy:
    """`study`: as its news knew it last. `why`: that it is over, as a sentence; `trouble`: what ended the work here."""

    study: Study
    messages: deque[str] = field(default_factory=lambda: deque(maxlen=MESSAGES_KEPT))
    why: str = ""
    trouble: str = ""
    version: int = 0
    work: asyncio.Task[None] | None = None

    @property
    def is_working(self) -> bool:
        return self.work is not None and not self.work.done()

    def let_go(self) -> None:
        """Its task would keep the frames in which it ended, and the keys in them."""
        self.work = None
        self.version += 1

    def lose_keys(self) -> None:
        """The tab was closed, or holds other keys now."""
        if self.work is not None and not self.work.done():
            self.trouble = (
                "The tab that ran it was closed, or its keys changed. Runs with a pod that can end itself "
                "continue. Run it again here."
            )
            self.work.cancel()

    def hear(self, news: StudyNews) -> None:
        self.messages.append(on_page(news.text))
        self.study = news.study
        self.version += 1


class StudiesHere:
    def __init__(self, sessions: Sessions, vault: Vault, watching: Watching | None = None) -> None:
        self._sessions, self._vault, self._watching = sessions, vault, watching
        self._running: dict[StudyAddress, RunningStudy] = {}

    def of(self, address: StudyAddress) -> RunningStudy | None:
        """What this form knows of a study that it runs, or has run."""
        return self._running.get(address)

    def start(self, tab: str, session: Session, address: StudyAddress, agreed: Study) -> None:
        """Run it with the keys of that tab, for what was agreed to; where it runs here already, nothing changes.

        Raises NotConfigured for a key or a secret that its runs need and the tab does not hold.
        """
        known = self._running.get(address)
        if known is not None and known.is_working:
            return
        _need_keys_of_its_runs(session.keys, agreed)
        running = self._running[address] = RunningStudy(agreed)
        work = running.work = asyncio.create_task(self._work(running, session.keys, tab, address))
        work.add_done_callback(lambda _: running.let_go())
        keeper = asyncio.create_task(_until_it_is_over(work))
        keeper.add_done_callback(lambda done: running.lose_keys() if done.cancelled() else None)
        session.start(keeper)

    def leave(self, address: StudyAddress) -> None:
        """Begin and follow none of its trials here any more."""
        running = self._running.get(address)
        if running is not None and running.work is not None:
            running.work.cancel()

    async def close(self) -> None:
        """The program ends: a launch under way gives its pod back, what is armed goes on."""
        works = [each.work for each in self._running.values() if each.work is not None]
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)

    async def _work(
        self, running: RunningStudy, keys: Keys, tab: str, address: StudyAddress
    ) -> None:
        from launcher.services.following.watch import watch
        from launcher.services.studies.running import run_study

        try:
            with self._vault.lease(self._vault.held(tab)):
                async with self._sessions.open_bench(keys) as bench:
                    watching = self._watching or watch
                    asked = running.study.asked
                    end = await run_study(bench, keys, address, running.hear, asked, watching)
            running.study, running.why = end.study, end.why
        except LauncherError as error:
            running.trouble = f"{on_page(error.message)} {on_page(error.hint)}".strip()
        except Exception as error:  # a fault of ours: its kind is said, its text may hold anything
            running.trouble = f"It failed in this program ({type(error).__name__}). Run it again."
            raise
        finally:
            running.version += 1


async def _until_it_is_over(work: asyncio.Task[None]) -> None:
    await asyncio.wait([work])


def _need_keys_of_its_runs(keys: Keys, study: Study) -> None:
    from launcher.services.common.run_secrets import need_keys_of
    from launcher.services.studies.creating import some_values
    from launcher.services.studies.trial_plan import composed_trial

    need_keys_of(keys, composed_trial(study.asked, some_values(study), "").settings)
