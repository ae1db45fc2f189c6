"""Runs the worker of a command as the agent does, with its run's document and a pipe for its events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pod_image.contract import CONTRACT_VERSION


def worker(
    folder: Path,
    *argv: str,
    commands: str = "",
    after: str = "",
    resume: bool = False,
    secrets: Mapping[str, str] = MappingProxyType({}),
    **settings: Any,
) -> tuple[int, list[Any]]:
    """Run the worker to its end; its exit code and its events.

    `secrets` are all that the agent hands over. `commands` are sent at once, or once it has logged the line `after`.
    """
    document = {
        "contract": CONTRACT_VERSION,
        "run_id": "run-01",
        "attempt": {"number": 1, "nonce": "nonce1"},
        "settings": {"recipe": "command", "argv": argv, **settings},
        "deadline": "2030-01-01T00:00:00Z",
        "price_per_hour_usd": 1.0,
        "resume": resume,
    }
    events = folder / "events"
    (folder / "prepared").mkdir(exist_ok=True)
    with events.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "pod_image.recipes.command"],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(sys.path),
                "LAUNCHER_RUN": json.dumps(document),
                "LAUNCHER_EVENTS_FD": str(file.fileno()),
                "PYTHONSAFEPATH": "1",
                **{f"LAUNCHER_SECRET_{name}": value for name, value in secrets.items()},
            },
            pass_fds=(file.fileno(),),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if after else None,
            text=True,
        )
        with process:
            if process.stdout is not None:
                assert any(line.strip() == after for line in process.stdout), "it never said so"
            process.communicate(commands, timeout=60)
    return process.returncode, [json.loads(line) for line in events.read_text().splitlines()]
