"""Following everything that lives: what this computer knows of, and what other computers began in the same accounts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from launcher.domain.run import Run
from launcher.errors import NotConfigured, ProviderError
from launcher.services.common.observations import Observation, RunEnded
from launcher.services.common.workbench import Workbench
from launcher.services.following.adopted import adopt, runs_of_listed_pods_at
from launcher.services.following.measured import measured_by_place
from launcher.services.live.fleet import Fleet, fleet_of
from launcher.services.live.live_runs import Live
from launcher.services.live.own_keys import OwnKeys
from launcher.stores.secrets import Keys
from pod_image.contract.bodies import MachineReading
from pod_image.contract.next_steps import Said

LOOK_SECONDS = 60.0
"""Between two looks for pods that other computers began: one list call at each place."""
HEARD_WITHIN_SECONDS = 10.0
"""So long one look waits for pods to say how they are."""
ASK_AGAIN_SECONDS = 0.2
MOST_MEASURED = 10
"""Runs that tell nothing and whose place is asked at each look: a place takes 60 calls a minute for all that we do."""
ENDED_KEPT = 5


@dataclass
class WholeFleet:
    """`ended`: the last few runs that ended meanwhile. `looked_at`: places of which it is known what lives there.
    `troubles`: those that could not be looked at, and why.
    """

    bench: Workbench
    live: Live
    ended: list[Run] = field(default_factory=list)
    looked_at: tuple[str, ...] = ()
    troubles: dict[str, Said] = field(default_factory=dict)
    _measured: dict[str, MachineReading] = field(default_factory=dict)
    """What places measure of the hardware of runs that tell nothing, by their nonces."""

    @property
    def now(self) -> Fleet:
        return fleet_of(self.live, self.bench.provider_now(), self._measured)

    async def look(self) -> None:
        """Take in what other computers began. Raises NotConfigured where no place takes its key."""
        places, refused = self.bench.everywhere(), list[NotConfigured]()
        for at_place in places:
            title = at_place.place.title
            self.troubles.pop(title, None)
            try:
                for run in await runs_of_listed_pods_at(at_place):
                    adopt(at_place, run)
            except NotConfigured as error:
                refused.append(error)
                self.troubles[title] = error.message
            except ProviderError as error:
                self.troubles[title] = error.message
        titles = dict.fromkeys(each.place.title for each in places)
        self.looked_at = tuple(title for title in titles if title not in self.troubles)
        if len(refused) == len(places):
            raise refused[0]
        self.live.refresh()

    async def heard(self, seconds: float = HEARD_WITHIN_SECONDS) -> Fleet:
        """The fleet once every pod of it was heard, or after so many seconds."""
        waits = seconds
        while self.now.silent and waits > 0:
            await self.bench.clock.sleep(ASK_AGAIN_SECONDS)
            waits -= ASK_AGAIN_SECONDS
        self.live.refresh()
        await self._measure()
        return self.now

    async def _measure(self) -> None:
        """Ask the places of the runs that tell nothing; one call for each, and all at once: a job without hardware is
        answered after ten seconds."""
        silent = [row.run for row in self.now.silent[:MOST_MEASURED]]
        asked = (measured_by_place(self.bench, run, self.live.known_picture(run)) for run in silent)
        found = zip(silent, await asyncio.gather(*asked), strict=True)
        self._measured = {run.nonce: measured.reading for run, measured in found if measured}

    def hear(self, run: Run, seen: Observation) -> None:
        if isinstance(seen, RunEnded):
            self.ended = [*self.ended, seen.run][-ENDED_KEPT:]

    async def keep_looking(self) -> None:
        while True:
            await self.bench.clock.sleep(LOOK_SECONDS)
            try:
                await self.look()
                await self._measure()
            except NotConfigured:
                continue  # it is among the troubles


@asynccontextmanager
async def whole_fleet(
    bench: Workbench, keys: Keys, word: Callable[[Said], str]
) -> AsyncIterator[WholeFleet]:
    """Followed for as long as the block lasts; no pod is touched when it ends. Raises NotConfigured."""
    live = Live(bench.config, bench.runs, OwnKeys(bench), bench.clock, word)
    live.wants_logs = False
    fleet = WholeFleet(bench, live)
    live.when_fed.append(fleet.hear)
    await fleet.look()
    live.start()
    looking = asyncio.create_task(fleet.keep_looking())
    try:
        yield fleet
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await live.stop()
