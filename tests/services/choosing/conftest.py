"""A workbench above a Hub in this process, with whichever tokens a test holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from launcher.config import Config
from launcher.emulator.hub import Token
from launcher.emulator.hub.core import HubCore
from launcher.emulator.hub.routes import ROUTES
from launcher.emulator.hub.transport import HubTransport
from launcher.hub.access import HubAccess
from launcher.providers.registry import default_place
from launcher.services.common.workbench import NoProvider, Workbench
from launcher.stores.runs import RunHistory
from pod_image.hub import Hub
from tests.kit.clocks import StillClock
from tests.kit.clouds import FIXED_TOKENS, HUB_URL

NOBODY = ""


@dataclass
class Desk:
    """`core` is the Hub; `bench` gives a workbench with these tokens; `calls` what the Hub was asked since."""

    core: HubCore
    home: Path
    clock: StillClock = field(default_factory=StillClock)
    opened: list[RunHistory] = field(default_factory=list)

    def bench(self, dataset: str = NOBODY, upload: str = NOBODY) -> Workbench:
        config = Config(self.home / "config", self.home / "data", hub_url=HUB_URL)
        config.make_folders()
        history = RunHistory(config.history_path)
        self.opened.append(history)
        provider: Any = NoProvider(default_place())
        access = HubAccess(self._hub(dataset), self._hub(upload))
        return Workbench(config, cast(Any, provider), access, history, cast(Any, self.clock))

    def hold(self, value: str, token: Token) -> str:
        """A token that the Hub knows from now on."""
        self.core.tokens[value] = token
        return value

    def _hub(self, token: str) -> Hub:
        secret = SecretStr(token) if token else None
        transport = HubTransport(self.core)
        return Hub(secret, HUB_URL, transport=transport, use_xet=False, sleep=lambda seconds: None)

    @property
    def calls(self) -> list[str]:
        return [f"{row.method} {row.path}" for row in self.core.log]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    now: Callable[[], float] = time.time
    core = HubCore(tmp_path / "hub", now, ROUTES, xet=False, tokens=dict(FIXED_TOKENS))
    core.public_url, core.cdn_url = HUB_URL, "http://cdn.test"
    found = Desk(core, tmp_path / "home")
    yield found
    for history in found.opened:
        history.close()
