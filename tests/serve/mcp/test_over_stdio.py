"""The program itself, as an agent's program starts it: over standard input and output, with the SDK's own client."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client


async def test_the_program_answers_over_standard_input_and_output(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "LAUNCHER_HOME": str(tmp_path),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    words = ["-P", "-m", "launcher", "mcp", "--allow-spend", "2"]
    server = StdioServerParameters(command=sys.executable, args=words, env=environment)
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
