"""What a recipe's process uses to talk with the agent: events out, instructions in."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from pod_image.contract.bodies import Body
from pod_image.contract.environment import EVENTS_FD_VARIABLE, RUN_VARIABLE, RunDocument
from pod_image.contract.events import to_bare_line
from pod_image.contract.instructions import Instruction, InstructionName

Emit = Callable[[Body], None]
"""Says one event; the agent stamps it."""


def run_document() -> RunDocument:
    """The run this process works for. Raises ContractError."""
    return RunDocument.from_json(os.environ.get(RUN_VARIABLE, ""))


class Reporter:
    """Writes events to the agent. Without an agent (run by hand) they go to standard output."""

    def __init__(self, descriptor: int | None = None) -> None:
        if descriptor is None:
            descriptor = int(os.environ.get(EVENTS_FD_VARIABLE, "1"))
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def __call__(self, body: Body) -> None:
        """Send one event; safe from any thread. An agent that is gone is not an error: its end is ours too."""
        # A file's name may hold bytes that are no letters.
        data = (to_bare_line(body) + "\n").encode("utf-8", "replace")
        with self._lock:
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except BrokenPipeError:
                return


class Inbox:
    """Instructions from the agent, read on a thread so that a training step never waits for them."""

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream if stream is not None else sys.stdin
        self._waiting: deque[Instruction] = deque()
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def take(self) -> list[Instruction]:
        """The instructions that arrived since the last call, oldest first."""
        taken = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return taken

    def _read(self) -> None:
        for line in self._stream:
            try:
                self._waiting.append(Instruction.model_validate_json(line))
            except ValueError:
                continue  # the agent checks instructions before it passes them on; a torn last line is its death


BY_SIGNAL_ID = "signal"


class StoppableInbox(Inbox):
    """A termination signal counts as a stop: what was made so far is written before the process ends."""

    def __init__(self) -> None:
        super().__init__()
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        self._waiting.append(Instruction(id=BY_SIGNAL_ID, command=InstructionName.STOP))
