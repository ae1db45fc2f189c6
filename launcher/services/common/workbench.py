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
from launcher.hub.results import ResultsRepo
from launcher.providers.base import Provider
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.provider import RunPodProvider
from launcher.services.common.pod_list import PodBoard
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import KeyName, Keys, how_to_give


@dataclass(frozen=True)
class Workbench:
    """Everything a service needs. One per person and process: runs that are watched together share its board."""

    config: Config
    provider: Provider
    hub: HubAccess
    runs: RunHistory
    clock: Clock = field(default_factory=SystemClock)
    board: PodBoard = field(init=False)

    def __post_init__(self) -> None:
        board = PodBoard(self.provider, self.clock, self.config.poll_seconds)
        object.__setattr__(self, "board", board)

    def provider_now(self) -> datetime:
        """The provider's time: pods live and die by its clock, whatever this machine's says."""
        return self.clock.now() + self.provider.clock_ahead

    def results(self, repo_id: str) -> ResultsRepo:
        return ResultsRepo(self.hub, repo_id)


class NoProvider:
    """Stands where there is no RunPod key: services that need none go on, any use says what is missing."""

    calls = 0
    clock_ahead = timedelta(0)

    def __getattr__(self, name: str) -> Any:
        raise NotConfigured(
            f"There is no {KeyName.RUNPOD.purpose}.", hint=how_to_give(KeyName.RUNPOD)
        )


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

    Raises NotConfigured when the history cannot be opened, a folder not made, or RUNPOD_API_BASE_URL is no address.
    Without `needs_history` neither of the first two keeps anybody from ending pods: `runs.trouble` says so then.
    """
    clock = clock or SystemClock()
    runs = open_history(config, is_needed=needs_history)
    try:
        provider = _provider(config, keys, clock, transport)
        try:
            hub = HubAccess.with_tokens(config.hub_url, keys.hf_dataset, keys.hf_upload)
            yield Workbench(config, provider or cast(Provider, NoProvider()), hub, runs, clock)
        finally:
            if provider is not None:
                await provider.aclose()
    finally:
        runs.close()


def open_history(config: Config, *, is_needed: bool = True) -> RunHistory:
    """The history, in folders that are there. Raises NotConfigured; where it is not needed, an empty one stands in."""
    try:
        make_folders(config)
        return RunHistory(config.history_path)
    except NotConfigured as exc:
        if is_needed:
            raise
        return RunHistory.empty(config.history_path, exc.message)


def make_folders(config: Config) -> None:
    """The launcher's own folders. Raises NotConfigured where they cannot be made."""
    try:
        config.make_folders()
    except OSError as exc:
        raise NotConfigured(
            f"The launcher's folder {exc.filename or config.data_folder} cannot be used: {exc.strerror or exc}.",
            hint="Make room on that disk, or set LAUNCHER_HOME to a folder that can be written.",
        ) from exc


def _provider(
    config: Config, keys: Keys, clock: Clock, transport: httpx.AsyncBaseTransport | None
) -> RunPodProvider | None:
    if keys.runpod is None:
        return None
    client = RunPodClient(
        keys.runpod,
        config.provider_url,
        transport=transport,
        timeout_seconds=config.request_timeout_seconds,
        sleep=clock.sleep,
        now=clock.now,
    )
    look_again = min(2.0, config.poll_seconds)
    return RunPodProvider(client, sleep=clock.sleep, look_again_seconds=look_again)
