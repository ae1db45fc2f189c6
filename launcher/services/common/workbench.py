"""What every service works with: configuration, cloud, Hub, history and clock, opened and closed in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import httpx

from launcher.clock import Clock, SystemClock
from launcher.config import Config
from launcher.errors import NotConfigured
from launcher.hub.access import HubAccess
from launcher.providers.access import Opening
from launcher.providers.base import Provider
from launcher.providers.call_budget import CallBudgets
from launcher.providers.place import Place
from launcher.providers.registry import (
    access_to,
    all_places,
    dataset_on,
    default_place,
    folder_on,
    is_known,
    place_named,
)
from launcher.services.common.image_looks import ImageLooks
from launcher.services.common.place_key import has_place_key, place_key
from launcher.services.common.pod_list import PodList
from launcher.services.telling.addresses import addresses_of
from launcher.services.telling.teller import Teller
from launcher.stores.known_machines import KnownMachines
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import Keys, how_to_give
from launcher.stores.told_news import ToldNews
from pod_image.contract.plain import plain_line
from pod_image.contract.results_address import folder_in
from pod_image.folder_store.port import Folder, ReadableFolder

if TYPE_CHECKING:  # loaded when a repo is looked at
    from launcher.hub.results_repo import ResultsRepo


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
    others: Mapping[str, Provider] = field(default_factory=dict, repr=False)
    """Those of every other place, by its name."""
    _pod_lists: dict[str, PodList] = field(default_factory=dict, repr=False)
    _machines: dict[str, Provider] = field(default_factory=dict, repr=False)
    """Those that were named since it was opened."""
    _images: dict[str, ImageLooks] = field(default_factory=dict, repr=False)

    @property
    def place(self) -> Place:
        return self.provider.place

    @property
    def pod_list(self) -> PodList:
        """The place's, shared by all who watch there."""
        name = self.place.name
        if name not in self._pod_lists:
            self._pod_lists[name] = PodList(self.provider, self.clock, self.config.poll_seconds)
        return self._pod_lists[name]

    @property
    def images(self) -> ImageLooks:
        name = self.place.name
        if name not in self._images:
            self._images[name] = ImageLooks(
                self.config, self.place, self.clock, self.registry_transport
            )
        return self._images[name]

    def at(self, place: str) -> Workbench:
        """The same at that place. Raises NotConfigured for one that this launcher does not know."""
        if place == self.place.name:
            return self
        provider = self.others.get(place) or self._machine(place)
        if provider is None:
            raise NotConfigured(
                f"This launcher does not know the provider {plain_line(place)}.",
                hint="Use the release that started the run, or a newer one.",
            )
        rest = {name: each for name, each in self.others.items() if name != place}
        return replace(self, provider=provider, others={**rest, self.place.name: self.provider})

    def _machine(self, place: str) -> Provider | None:
        """One that was not named before: it is opened by naming it, and holds nothing open."""
        if ":" not in place or not is_known(place):
            return None
        if place not in self._machines:
            machine = place.partition(":")[2]
            opening = Opening(url="", key=None, clock=self.clock, machine=machine)
            self._machines[place] = access_to(place_named(place)).open(opening)
        return self._machines[place]

    def everywhere(self) -> tuple[Workbench, ...]:
        """The same at each place that can be asked with the keys that are there and may have something of ours, this
        one first; where none has, one that can be asked; where none can, this one: then its key is missed when used.
        """
        named = known_machines(self.config).all()
        names = dict.fromkeys([*self.others, *(each for each in named if is_known(each))])
        places = [self, *(self.at(name) for name in names if name != self.place.name)]
        asked = [each for each in places if is_open(each.provider)]
        in_use = tuple(each for each in asked if each.provider.is_in_use)
        return in_use or tuple(asked[:1]) or (self,)

    def can_ask(self, place: str) -> bool:
        """Whether the place can be asked with the keys that are there."""
        provider = self.provider if place == self.place.name else self.others.get(place)
        provider = provider or self._machine(place)
        return provider is not None and is_open(provider)

    def provider_now(self) -> datetime:
        """The provider's time: pods live and die by its clock, whatever this machine's says."""
        return self.clock.now() + self.provider.clock_ahead

    def results(self, repo_id: str) -> ResultsRepo:
        from launcher.hub.results_repo import ResultsRepo

        return ResultsRepo(self.hub, repo_id)


def known_machines(config: Config) -> KnownMachines:
    """Machines that a person named, and that may have a run of ours."""
    return KnownMachines(config.machines_folder)


def is_open(provider: Provider) -> bool:
    """Whether the place can be asked with the keys that are there."""
    return not isinstance(provider, NoProvider)


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
    budgets: CallBudgets | None = None,
) -> AsyncIterator[Workbench]:
    """A workbench for these keys; closed when the block ends. A key that is missing is missed when it is used.

    Raises NotConfigured when the history cannot be opened, a folder not made, or the place's address is none.
    `budgets`: of a process that opens several. Without `needs_history` neither of the first two keeps anybody from
    ending pods: `runs.trouble` says so then.
    """
    clock, budgets = clock or SystemClock(), budgets or CallBudgets()
    runs = open_history(config, is_needed=needs_history)
    async with AsyncExitStack() as stack:
        stack.callback(runs.close)
        providers = {}
        for place in all_places():
            providers[place.name] = _provider(place, config, keys, clock, transport, budgets)
            stack.push_async_callback(providers[place.name].aclose)
        teller = _teller(config, keys, clock)
        stack.push_async_callback(teller.settle)
        hub = HubAccess.with_tokens(
            config.hub_url, keys.hf_dataset, keys.hf_upload, _results_folder, _dataset_folder
        )
        first = providers.pop(default_place().name)
        yield Workbench(config, first, hub, runs, clock, teller=teller, others=providers)


def _results_folder(address: str) -> Folder:
    """A folder in the place of a results repo, here or on a machine that a person named."""
    found = folder_in(address)
    if found is None or not found.host:
        from pod_image.hub import own_folder

        return own_folder(address)
    return folder_on(found.host, found.path)


def _dataset_folder(address: str) -> ReadableFolder:
    """The same for a folder in the place of a dataset's repo."""
    found = folder_in(address)
    if found is None or not found.host:
        from pod_image.hub import own_dataset

        return own_dataset(address)
    return dataset_on(found.host, found.path)


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
    place: Place,
    config: Config,
    keys: Keys,
    clock: Clock,
    transport: httpx.AsyncBaseTransport | None,
    budgets: CallBudgets,
) -> Provider:
    if not has_place_key(keys, place):
        return cast(Provider, NoProvider(place))
    name = place_key(place)
    opening = Opening(
        url=place.address(config.place_urls, config.hub_url),
        key=keys.get(name) if name is not None else None,
        clock=clock,
        request_timeout_seconds=config.request_timeout_seconds,
        poll_seconds=config.poll_seconds,
        transport=transport,
        budgets=budgets,
        runs_folder=config.own_runs_folder,
    )
    return access_to(place).open(opening)
