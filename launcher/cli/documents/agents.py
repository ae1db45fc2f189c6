"""What `launcher mcp` prints: the entry for an agent's configuration."""

from __future__ import annotations

from typing import Literal, TypedDict


class McpServer(TypedDict):
    """How an agent's program starts the server."""

    command: str
    args: list[str]


class Mcp(TypedDict):
    """With `--json` the command starts no server: it prints what an agent's configuration needs to start one, and
    ends. `mcpServers` is spelt as in those configurations."""

    schema: Literal["mcp"]
    version: Literal[1]
    mcpServers: dict[str, McpServer]  # the name that agents' configurations have


def mcp_document(command: str, arguments: list[str]) -> Mcp:
    server: McpServer = {"command": command, "args": arguments}
    return {"schema": "mcp", "version": 1, "mcpServers": {"launcher": server}}
