"""How `log.txt` of the results repo reads: a time before each line, and one line that says what is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pod_image.contract.plain import plain_line

MARK = "== "
"""Begins a line of the agent that an event says too: phases, warnings, the end."""
ATTEMPT_MARK = f"{MARK}attempt "
AGENT = "agent: "
MOST_BYTES = 16 << 20
"""No log of ours is as long; a longer one is not read to its end."""
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) ")
_GAP = re.compile(
    rb"^== (\d+) lines \((\d+) bytes\) are left out here; this log keeps its first and its last\n",
    re.MULTILINE,
)


@dataclass(frozen=True)
class LoggedLine:
    """`at` is None for a line that has no time of its own."""

    at: datetime | None
    text: str

    @property
    def is_program(self) -> bool:
        """What the recipe's own programs printed."""
        return not self.text.startswith((MARK, AGENT))


@dataclass(frozen=True)
class Gap:
    """What is left out of a log, and where in it."""

    lines: int
    size_bytes: int
    start: int = 0
    end: int = 0


def stamped(unix_seconds: float) -> str:
    """What stands before a line of that moment."""
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S ")


def gap_line(lines: int, size_bytes: int) -> bytes:
    said = f"{lines} lines ({size_bytes} bytes) are left out here"
    return f"{MARK}{said}; this log keeps its first and its last\n".encode()


def find_gap(content: bytes) -> Gap | None:
    """The first such line."""
    found = _GAP.search(content)
    return found and Gap(int(found[1]), int(found[2]), found.start(), found.end())


def read_lines(content: bytes) -> Iterator[LoggedLine]:
    """The lines of a log, whoever wrote it, without control codes. Never raises."""
    for raw in content.decode("utf-8", "replace").split("\n"):
        line = plain_line(raw)
        if not line:
            continue
        match = _STAMP.match(line)
        at = _moment(match[1]) if match else None
        yield LoggedLine(at, line[match.end() :] if match and at else line)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
