"""The interface above an emulated cloud and Hub, in one process and in virtual time, and clients of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from launcher.door.address import Address, bind, port_of
from launcher.door.server import serve_until
from launcher.emulator.runpod import ScriptedContainer
from launcher.serve.allowed import Allowed
from launcher.serve.app import guarded
from launcher.serve.ground import Ground, following
from launcher.serve.guard import Entrance, ServeGuard
from launcher.serve.token import ServeToken, TokenSource
from pod_image.contract.environment import RunDocument
from pod_image.hub import Repo, publish
from tests.kit.clouds import RESULTS_REPO
from tests.kit.key_store import MemoryKeyStore
from tests.kit.virtual_time import StreamingTransport
from tests.services.harness import LauncherHarness, Script

TOKEN = "a-token-of-this-test-and-no-other-0123456789"
ORIGIN = "http://127.0.0.1:8420"
COMMAND = {"recipe": "command", "argv": ["true"], "results_repo": RESULTS_REPO, "cloud": "any"}
"""Settings of a run that needs no dataset."""
SOUND = bytes(range(256)) * 4


class TalkingScript(Script):
    """A pod that makes a sample too, reads its gauges, and answers instructions with receipts."""

    def say(
        self, container: ScriptedContainer, document: RunDocument, event: str, **rest: Any
    ) -> None:
        super().say(container, document, event, **rest)
        if event == "step":
            step = rest["step"]
            gpu = {"use_percent": 90.0, "memory_used_gb": 10.0, "temperature_c": 61.0}
            super().say(container, document, "machine", gpus=[gpu], disk_free_gb=30.0)
            path, text = f"samples/step-{step}.wav", "Hello."
            super().say(container, document, "sample", step=step, path=path, text=text)
            container.log(f"printed at step {step}")

    def deliver(self, document: RunDocument) -> None:
        super().deliver(document)
        files: dict[str, Path | bytes] = {
            f"{document.run_id}/samples/step-{step}.wav": SOUND for step in (1, 2, 3)
        }
        publish(self.hub, Repo(RESULTS_REPO, "model"), files, "samples")


@dataclass
class Served:
    """A running interface. `client` has the token, `stranger` has none."""

    harness: LauncherHarness
    ground: Ground
    app: ServeGuard
    client: httpx.AsyncClient
    stranger: httpx.AsyncClient

    async def get(self, path: str, **options: Any) -> Any:
        """The document at an address below /api/v1."""
        return _document(await self.client.get(f"/api/v1{path}", **options))

    async def post(self, path: str, body: Any) -> Any:
        return _document(await self.client.post(f"/api/v1{path}", json=body))

    async def plan(self, **settings: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self.post("/plans", {"settings": {**COMMAND, **settings}})
        return found

    async def deployed(self, **settings: Any) -> str:
        """The id of a run that was planned and launched."""
        plan = await self.plan(**settings)
        run = await self.post("/runs", {"plan_hash": plan["hash"]})
        return str(run["id"])

    async def until(self, run: str, state: str) -> dict[str, Any]:
        """The run once it is in that state, which it is soon."""
        async with asyncio.timeout(7_200):
            while True:
                found: dict[str, Any] = await self.get(f"/runs/{run}")
                if found["state"] == state:
                    return found
                await asyncio.sleep(1)

    def audited(self) -> list[dict[str, Any]]:
        if not self.ground.audit.path.exists():
            return []
        return [json.loads(line) for line in self.ground.audit.path.read_text().splitlines()]


@asynccontextmanager
async def served(
    folder: Path,
    *,
    folders: Sequence[Path] = (),
    secrets: Collection[str] = (),
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Served]:
    """Make it inside a test in patient time."""
    harness = LauncherHarness(folder)
    script = TalkingScript(harness.hub, harness.world, receipt_detail="as asked")
    harness.script = script
    harness.runner.program, harness.runner.on_exec = script.program, script.on_exec
    allowed = Allowed.by(harness.config, folders, secrets)
    token = ServeToken(SecretStr(TOKEN), TokenSource.ENVIRONMENT)
    entrance = Entrance(Address("127.0.0.1", 8420))
    async with following(harness.bench, harness.keys) as live:
        ground = Ground(
            harness.bench,
            harness.keys,
            live,
            allowed,
            token,
            environment or {},
            MemoryKeyStore(),
        )
        app = guarded(ground, entrance, asyncio.get_running_loop().time)
        transport = StreamingTransport(app)
        bearer = {"authorization": f"Bearer {TOKEN}"}
        async with (
            httpx.AsyncClient(
                transport=transport, base_url=ORIGIN, headers=bearer, timeout=None
            ) as client,
            httpx.AsyncClient(transport=transport, base_url=ORIGIN, timeout=None) as stranger,
        ):
            yield Served(harness, ground, app, client, stranger)


@asynccontextmanager
async def on_a_socket(site: Served, seconds: Callable[[], float]) -> AsyncIterator[str]:
    """The same interface for programs that are none of ours; gives its origin. `seconds`: the clock of its limits."""
    sock = bind(0)
    entrance = Entrance(Address("127.0.0.1", port_of(sock)))
    app = guarded(site.ground, entrance, seconds)
    end, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve_until(app, sock, end, ready.set, lifespan="off"))
    await ready.wait()
    try:
        yield entrance.address.origin
    finally:
        end.set()
        await serving
        sock.close()


def _document(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json()


async def items(answer: httpx.Response) -> AsyncGenerator[tuple[str, str, Any], None]:
    """Id, kind and data of each item of a stream, as they come."""
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif not line and "data" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}
