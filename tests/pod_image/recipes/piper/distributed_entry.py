"""What torchrun starts in place of the recipe's training: each tells the agent who it is, the first obeys a command."""

from __future__ import annotations

import json
import os
import sys
import time

from pod_image.contract.bodies import RunWarning
from pod_image.recipes.piper.__main__ import _reporter
from pod_image.recipes.worker import Inbox


def _one_command() -> str:
    inbox = Inbox()
    for _ in range(6_000):
        for command in inbox.take():
            return command.id
        time.sleep(0.01)
    return "none came"


def _main() -> None:
    is_first = os.environ["RANK"] == "0"
    found = {
        "step": int(os.environ["RANK"]),
        "of": int(os.environ["WORLD_SIZE"]),
        "device": int(os.environ["LOCAL_RANK"]),
        "stage": sys.argv[1],
        "command": _one_command() if is_first else "",
    }
    _reporter()(RunWarning(code="started", message=json.dumps(found)))


if __name__ == "__main__":
    _main()
