"""The emulated Hub with its jobs, as a stage for what any place has to do; and programs that stages run."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Generator
from pathlib import Path

from pydantic import SecretStr

from launcher.emulator.hub.core import HubCore
from launcher.emulator.hub.faults import Rule
from launcher.emulator.hub.routes import ROUTES
from launcher.emulator.hub.tokens import Scope, Token
from launcher.emulator.hub.transport import AsyncHubTransport, HubTransport
from launcher.emulator.hub.wire import Refusal
from launcher.emulator.runpod import ScriptedRunner
from launcher.emulator.runpod.runner import ScriptedContainer
from launcher.providers.hf_jobs.client import HfJobsClient
from launcher.providers.hf_jobs.provider import HfJobsProvider
from pod_image.hub import Hub
from tests.kit.clocks import LoopClock, WorldClock
from tests.kit.virtual_time import VirtualLoop
from tests.services.harness import at_once

HUB_URL = "http://hub.test"
JOBS_TOKEN = "demo-hub-jobs"


def counting(container: ScriptedContainer) -> Generator[float, None, int | None]:
    for number in range(1_000):
        container.log(f"line {number}")
        yield 1.0
    return None


class HfJobsStage:
    """The emulated Hub with its jobs, and the real client before it."""

    def __init__(self, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self._loop = loop
        self.clock = LoopClock()
        self.core = HubCore(
            folder,
            WorldClock(loop).now,
            ROUTES,
            tokens={JOBS_TOKEN: Token("jobs", "me", scopes=(Scope("user", "me", ("job.write",)),))},
            job_runner=ScriptedRunner(counting),
        )
        self.core.public_url = HUB_URL
        self.provider = self.with_token(JOBS_TOKEN)

    def with_token(self, token: str) -> HfJobsProvider:
        hub = Hub(
            SecretStr(token),
            endpoint=HUB_URL,
            now=WorldClock(self._loop).now,
            sleep=self._loop.jump,
            transport=HubTransport(self.core, self._loop.jump),
            use_xet=False,
        )
        client = HfJobsClient(
            SecretStr(token),
            HUB_URL,
            hub=hub,
            transport=AsyncHubTransport(self.core),
            run_blocking=at_once,
            clock=self.clock,
        )
        return HfJobsProvider(client, clock=self.clock)

    @property
    def paid(self) -> int:
        return len(self.core.jobs.live())

    @property
    def asked(self) -> int:
        return len(self.core.log)

    def with_bad_key(self) -> HfJobsProvider:
        return self.with_token("hf_nobody_has_this_one")

    def lose_the_next_answer(self) -> None:
        self.core.faults.add(Rule(r"^POST /api/jobs/me$", lose_reply=True))

    def sell_out(self) -> None:
        self.core.jobs.is_sold_out = True

    def silence(self) -> None:
        busy = Refusal(503, "Service Unavailable")
        self.core.faults.add(Rule(r".*", math.inf, refusal=busy))

    def remove(self, pod_id: str) -> None:
        self.core.jobs.cancel(self.core.jobs.by_id[pod_id])

    def take_away_exec(self) -> None:
        """It never had any."""

    def take_away_secrets(self) -> None:
        raise AssertionError("they go with the order")
