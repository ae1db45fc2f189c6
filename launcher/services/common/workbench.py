"""What every service works with: configuration, cloud, Hub, history and clock, opened and closed in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import httpx

from launcher.clock import Clock, SystemClock
from launcher.config import Config
from launcher.errors import NotConfigured
from launcher.hub.access import HubAccess
from launcher.hub.results_repo import ResultsRepo
from launcher.providers.access import Opening
from launcher.providers.base import Provider
from launcher.providers.place import Place
from launcher.providers.registry import access_to, default_place
from launcher.services.common.image_looks import ImageLooks
from launcher.services.common.place_key import has_place_key, place_key
from launcher.services.common.pod_list import PodList
from launcher.services.telling.addresses import addresses_of
from launcher.services.telling.teller import Teller
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import Keys, how_to_give
from launcher.stores.told_news import ToldNews


@dataclass(frozen=True)
class Workbench:
    """Everything a service needs. One per person and process: runs that are watched together share its list of pods."""

    config: Config
    provider: Provider
    hub: HubAccess
    runs: RunHistory
    clock: Clock = field(default_factory=SystemClock)
    registry_transport: httpx.AsyncBaseTransport | None = None
    """To the registries of images, in place of the network."""
    teller: Teller = field(default_factory=Teller)
    pod_list: PodList = field(init=False)
    images: ImageLooks = field(init=False)

    def __post_init__(self) -> None:
        pod_list = PodList(self.provider, self.clock, self.config.poll_seconds)
        object.__setattr__(self, "pod_list", pod_list)
        images = ImageLooks(self.config, self.place, self.clock, self.registry_transport)
        object.__setattr__(self, "images", images)

    @property
    def place(self) -> Place:
        return self.provider.place

    def provider_now(self) -> datetime:
        """The provider's time: pods live and die by its clock, whatever this machine's says."""
        return self.clock.now() + self.provider.clock_ahead

    def results(self, repo_id: str) -> ResultsRepo:
        return ResultsRepo(self.hub, repo_id)


class NoProvider:
    """Stands where the place's key is missing: services that need none go on, any use says what is missing."""

    calls = 0
    clock_ahead = timedelta(0)

    def __init__(self, place: Place) -> None:
        self.place = place

    def __getattr__(self, name: str) -> Any:
        missing = place_key(self.place)
        assert missing is not None
        raise NotConfigured(f"There is no {missing.purpose}.", hint=how_to_give(missing))

    async def aclose(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def open_workbench(
    config: Config,
    keys: Keys,
    *,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    needs_history: bool = True,
) -> AsyncIterator[Workbench]:
    """A workbench for these keys; closed when the block ends. A key that is missing is missed when it is used.

    Raises NotConfigured when the history cannot be opened, a folder not made, or the place's address is none.
    Without `needs_history` neither of the first two keeps anybody from ending pods: `runs.trouble` says so then.
    """
    clock = clock or SystemClock()
    runs = open_history(config, is_needed=needs_history)
    try:
        provider = _provider(config, keys, clock, transport)
        teller = _teller(config, keys, clock)
        try:
            hub = HubAccess.with_tokens(config.hub_url, keys.hf_dataset, keys.hf_upload)
            yield Workbench(config, provider, hub, runs, clock, teller=teller)
        finally:
            await teller.settle()
            await provider.aclose()
    finally:
        runs.close()


def open_history(config: Config, *, is_needed: bool = True) -> RunHistory:
    """The history, in folders that are there. Raises NotConfigured; where it is not needed, an empty one stands in."""
    try:
        config.make_folders()
        return RunHistory(config.history_path)
    except NotConfigured as exc:
        if is_needed:
            raise
        return RunHistory.empty(config.history_path, str(exc))


def _teller(config: Config, keys: Keys, clock: Clock) -> Teller:
    told = ToldNews(config.told_folder)
    return Teller(addresses_of(keys), hub_url=config.hub_url, told=told, clock=clock)


def _provider(
    config: Config, keys: Keys, clock: Clock, transport: httpx.AsyncBaseTransport | None
) -> Provider:
    place = default_place()
    if not has_place_key(keys, place):
        return cast(Provider, NoProvider(place))
    name = place_key(place)
    opening = Opening(
        url=place.address(config.place_urls),
        key=keys.get(name) if name is not None else None,
        clock=clock,
        request_timeout_seconds=config.request_timeout_seconds,
        poll_seconds=config.poll_seconds,
        transport=transport,
    )
    return access_to(place).open(opening)
