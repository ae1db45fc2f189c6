"""What every route stands on: keys and what was opened with them, what is known of runs, what clients may do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from launcher.config import Config
from launcher.domain.run import Run
from launcher.errors import InvalidRequest
from launcher.serve.allowed import Allowed
from launcher.serve.audit import Audit
from launcher.serve.limits import Places
from launcher.serve.next_steps import in_http
from launcher.serve.problems import other
from launcher.serve.request_log import RequestLog
from launcher.serve.token import ServeToken
from launcher.serve.told import Told
from launcher.services.common.run_secrets import named_secrets
from launcher.services.common.workbench import Workbench, open_workbench
from launcher.services.live.live_runs import Live
from launcher.services.live.own_keys import OwnKeys
from launcher.stores.secrets import Keys, KeyStore, find_named
from pod_image.contract.settings import RunSettings

MOST_STREAMS = 50
"""At the same time, for one token."""


@dataclass
class Ground:
    """One per process. `environment` and `key_store`: where values of a command's secrets are found."""

    bench: Workbench
    keys: Keys
    live: Live
    allowed: Allowed
    token: ServeToken
    environment: Mapping[str, str] = field(repr=False)
    key_store: KeyStore | None = None
    streams: Places = field(default_factory=lambda: Places(MOST_STREAMS))
    audit: Audit = field(init=False)
    requests: RequestLog = field(init=False)
    told: Told = field(init=False)

    def __post_init__(self) -> None:
        folder = serve_folder(self.bench.config)
        self.audit = Audit(folder / "audit.jsonl", self.bench.clock.now)
        self.requests = RequestLog(folder, self.bench.clock.now)
        self.told = Told(self.bench, self.live)

    @property
    def config(self) -> Config:
        return self.bench.config

    def run(self, name: str) -> Run:
        """The run of that id, run id or pod's id. Raises Problem."""
        found = self.live.run(name)
        if found is not None:
            return found
        try:
            return self.bench.runs.get(name)
        except InvalidRequest as exc:
            known = "GET /api/v1/runs lists those that are known, each with its id."
            raise other("no-such-run", in_http(exc.message), known) from None

    def keys_for(self, settings: RunSettings) -> Keys:
        """The keys with the secrets that the run's command gets, as far as they are here. Raises NotConfigured."""
        names = [name for name in named_secrets(settings) if name in self.allowed.secrets]
        return find_named(self.keys, names, self.environment, self.key_store)


def serve_folder(config: Config) -> Path:
    return config.data_folder / "serve"


@asynccontextmanager
async def grounded(
    config: Config,
    keys: Keys,
    *,
    token: ServeToken,
    allowed: Allowed,
    environment: Mapping[str, str],
    key_store: KeyStore | None = None,
) -> AsyncIterator[Ground]:
    """A ground without a form beside it; runs are followed while the block lasts, and what is launched is brought to
    where it needs nobody, or released. Raises NotConfigured as `open_workbench` does."""
    async with open_workbench(config, keys) as bench, following(bench, keys) as live:
        yield Ground(bench, keys, live, allowed, token, environment, key_store)


@asynccontextmanager
async def following(bench: Workbench, keys: Keys) -> AsyncIterator[Live]:
    live = Live(bench.config, bench.runs, OwnKeys(bench), bench.clock, in_http)
    live.start()
    try:
        yield live
    finally:
        await live.stop()
