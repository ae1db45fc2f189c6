"""Lines of a pod's log, from events of its stream; and which of them were seen before."""

from __future__ import annotations

import json
from collections import deque

from launcher.providers.base import LogLine
from launcher.providers.runpod.wire import LogWire
from launcher.providers.sse import ServerEvent

REMEMBERED_LINES = 12_000
"""More than twice what a log gives again at once."""


def log_line(event: ServerEvent) -> LogLine | None:
    try:
        wire = LogWire.model_validate(json.loads(event.data))
    except (ValueError, RecursionError):
        return None
    return LogLine(event.id or wire.ts, wire.source, wire.line, wire.at)


class LineMemory:
    """Lines of earlier connections: what a resumed stream sends again is not new.

    Within one connection every line counts, also one that says the same at the same instant.
    """

    def __init__(self, remembered_lines: int = REMEMBERED_LINES) -> None:
        self._most = remembered_lines
        self._earlier: set[tuple[str, str, str]] = set()
        self._order: deque[tuple[str, str, str]] = deque()
        self._current: list[tuple[str, str, str]] = []

    def is_new(self, line: LogLine) -> bool:
        key = (line.id, line.source, line.text)
        if key in self._earlier:
            return False
        self._current.append(key)
        if len(self._current) > 2 * self._most:
            del self._current[: self._most]
        return True

    def reconnected(self) -> None:
        for key in self._current:
            if key not in self._earlier:
                self._earlier.add(key)
                self._order.append(key)
        self._current = []
        while len(self._order) > self._most:
            self._earlier.discard(self._order.popleft())
