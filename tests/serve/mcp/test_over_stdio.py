"""The program itself, as an agent's program starts it: over standard input and output, with the SDK's own client."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client


def environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LAUNCHER_HOME": str(home),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


async def test_the_program_answers_over_standard_input_and_output(tmp_path: Path) -> None:
    words = ["-P", "-m", "launcher", "mcp", "--allow-spend", "2"]
    server = StdioServerParameters(command=sys.executable, args=words, env=environment(tmp_path))
    with (tmp_path / "errors.txt").open("w+") as errors:
        async with Client(stdio_client(server, errlog=errors)) as client:
            assert len((await client.list_tools()).tools) == 12
            budget = await client.call_tool("budget", {})
            assert budget.structured_content["left_usd"] == 2.0
            refused = await client.call_tool("offers", {})
            assert refused.is_error
            assert "launcher keys set runpod" in str(refused.content)
        errors.seek(0)
        assert errors.read() == ""


HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "an agent's program", "version": "1"},
    },
}


def test_a_signal_ends_the_program_while_its_input_is_open(tmp_path: Path) -> None:
    """What it owes, such as the release of a pod that is not armed, waits for no further line."""
    words = [sys.executable, "-P", "-m", "launcher", "mcp"]
    with subprocess.Popen(
        words, env=environment(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(json.dumps(HELLO).encode() + b"\n")
        program.stdin.flush()
        assert b'"launcher"' in program.stdout.readline()
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=60) == 130
