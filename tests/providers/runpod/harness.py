"""What tests of the RunPod half stand on: a server that answers as told, an emulated cloud with a provider below it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from pydantic import SecretStr
from tenacity import wait_none

from launcher.domain.pod import PodOrder
from launcher.emulator.runpod import Gateway, RunPodWorld, ScriptedRunner
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.provider import RunPodProvider
from pod_image.contract.common_settings import Cloud
from tests.kit.clocks import WorldClock
from tests.kit.clouds import GPU
from tests.kit.virtual_time import StreamingTransport, VirtualLoop

KEY = "demo-key-of-the-person"
Answers = Callable[[httpx.Request], httpx.Response]


class Server:
    """Answers one after the other; the last one for ever. Keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception | Answers) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer


def client_of(server: Server, **options: Any) -> RunPodClient:
    options = {"wait": wait_none(), **options}
    return RunPodClient(
        SecretStr(KEY), "https://cloud", transport=httpx.MockTransport(server), **options
    )


def problem(
    status: int, detail: str, errors: list[str] | None = None, **headers: str
) -> httpx.Response:
    body: dict[str, Any] = {"title": "x", "status": status, "detail": detail}
    if errors is not None:
        body["errors"] = errors
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(
        status, json=body, headers={"content-type": "application/problem+json", **headers}
    )


class ProviderHarness:
    """An emulated cloud in virtual time and a provider below it."""

    def __init__(self, **world: Any) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        self.runner = ScriptedRunner()
        self.world = RunPodWorld(WorldClock(loop), self.runner, **world)
        self.provider = self.with_key(self.world.api_key)

    def with_key(self, key: str) -> RunPodProvider:
        transport = StreamingTransport(Gateway(self.world, in_process=True))
        return RunPodProvider(RunPodClient(SecretStr(key), "https://cloud", transport=transport))


def order(**changes: Any) -> PodOrder:
    values: dict[str, Any] = {
        "name": "launcher-run-01-a1-abcdefghij",
        "image": "acme/image:1",
        "gpu_type": GPU,
        "gpu_count": 1,
        "cloud": Cloud.SECURE,
        "disk_gb": 20,
        **changes,
    }
    return PodOrder(**values)
