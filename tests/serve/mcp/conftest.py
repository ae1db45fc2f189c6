"""An agent with the SDK's own client at a server of ours, above an emulated cloud and Hub, in virtual time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from mcp.client import Client
from mcp.types import CallToolResult, TextContent

from launcher.api.desk import Desk
from launcher.serve.mcp.allowed import AllowedToAgents
from launcher.serve.mcp.ground import Ground, grounded
from launcher.serve.mcp.server import mcp_server
from launcher.stores.secrets import KeyName, KeySource
from tests.kit.clouds import RESULTS_REPO
from tests.services.harness import LauncherHarness

RUN: dict[str, Any] = {"results_repo": RESULTS_REPO, "recipe": "command", "max_hours": 1.0}


@dataclass
class Told:
    """What one call of a tool gave back."""

    result: CallToolResult = field(repr=False)

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.result.content if isinstance(each, TextContent)]

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    @property
    def facts(self) -> Any:
        """Our own part of it."""
        assert not self.result.is_error, self.text
        found = json.loads(self.texts[0])
        assert found == self.result.structured_content
        return found

    @property
    def error(self) -> str:
        assert self.result.is_error, self.text
        return self.text


@dataclass
class Agent:
    client: Client
    ground: Ground

    async def __call__(self, tool: str, **arguments: Any) -> Told:
        return Told(await self.client.call_tool(tool, arguments))

    async def planned(self, **settings: Any) -> Any:
        told = await self("plan", settings={**RUN, **settings}, command=["true"])
        return told.facts

    async def deployed(self, **settings: Any) -> Any:
        plan = await self.planned(**settings)
        return (await self("deploy", plan_hash=plan["hash"])).facts


@asynccontextmanager
async def agent(
    harness: LauncherHarness,
    spends: float | None = 5.0,
    *,
    allowed: AllowedToAgents | None = None,
    secrets: Sequence[str] = (),
) -> AsyncIterator[Agent]:
    """Another process of the same person each time, with an agent at it."""
    keys = replace(harness.keys, sources=dict.fromkeys(KeyName, KeySource.ENVIRONMENT))
    bench = harness.open_bench()
    allowed = allowed or AllowedToAgents.by(bench.config, (), secrets)
    async with (
        grounded(Desk.at(bench, keys), allowed, spends) as ground,
        Client(mcp_server(ground)) as client,
    ):
        yield Agent(client, ground)
