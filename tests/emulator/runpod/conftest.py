"""An emulated cloud in virtual time; every exchange with it is held against the published description."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from launcher.emulator.runpod import Gateway, ManualClock, RunPodWorld, ScriptedRunner
from launcher.emulator.runpod.pods import Pod
from tests.emulator.runpod.contract import Contract, Watched
from tests.kit.clouds import pod_body


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract()


class Cloud:
    """The world, its clock, and HTTP to it without a socket."""

    def __init__(self, world: RunPodWorld, clock: ManualClock, app: Watched) -> None:
        self.world = world
        self.clock = clock
        self.app = app
        self.key = world.api_key

    async def call(
        self, method: str, path: str, key: str | None = "", **options: Any
    ) -> httpx.Response:
        """One request; with the full key unless another one, or None, is given."""
        value = self.key if key == "" else key
        headers = {"Authorization": f"Bearer {value}"} if value else {}
        headers |= options.pop("headers", {})
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud") as client:
            return await client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("POST", path, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("DELETE", path, **options)

    async def patch(self, path: str, **options: Any) -> httpx.Response:
        return await self.call("PATCH", path, **options)

    async def rent(self, **changes: Any) -> Pod:
        """A pod rented over HTTP."""
        reply = await self.post("/v2/pods", json=pod_body(**changes))
        assert reply.status_code == 201, reply.text
        return self.world.pods[reply.json()["id"]]

    async def running(self, **changes: Any) -> Pod:
        """The same, once it runs."""
        pod = await self.rent(**changes)
        self.advance(1.0)
        assert pod.status == "RUNNING"
        return pod

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.world.tick()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def runner() -> ScriptedRunner:
    return ScriptedRunner()


@pytest.fixture
def world(clock: ManualClock, runner: ScriptedRunner) -> Iterator[RunPodWorld]:
    world = RunPodWorld(clock, runner)
    world.stream_seconds = 0.0
    yield world
    world.close()


@pytest.fixture
async def cloud(world: RunPodWorld, clock: ManualClock, contract: Contract) -> AsyncIterator[Cloud]:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    app = Watched(Gateway(world, in_process=True, sleep=sleep))
    yield Cloud(world, clock, app)
    for exchange in app.exchanges:
        contract.check(exchange)
