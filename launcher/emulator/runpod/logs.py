"""The log of one pod: container and system lines, with ids to resume from. No HTTP, no clock."""

from collections import deque
from dataclasses import dataclass
from typing import Any

from launcher.emulator.runpod.clock import parse_rfc3339_nanos, rfc3339_nanos

REPLAY_LINES = 5_000


@dataclass(frozen=True)
class LogLine:
    serial: int
    nanos: int
    source: str
    text: str

    def wire(self) -> dict[str, Any]:
        return {"source": self.source, "line": self.text, "ts": rfc3339_nanos(self.nanos)}

    def id(self, style: str) -> str:
        """`time`, or `time/serial`: both occur, so a client may not look inside."""
        moment = rfc3339_nanos(self.nanos)
        return moment if style == "time" else f"{moment}/{self.serial:012d}"


class LogBook:
    """Lines in the order they came. Bounded: the oldest are forgotten."""

    def __init__(self, kept_lines: int = 20_000) -> None:
        self._lines: deque[LogLine] = deque(maxlen=kept_lines)
        self._serial = 0

    def add(self, source: str, text: str, nanos: int) -> None:
        self._serial += 1
        self._lines.append(LogLine(self._serial, nanos, source, text))

    def forget_container(self) -> None:
        """The container was removed: its lines vanish, those of the system stay."""
        kept = [line for line in self._lines if line.source != "container"]
        self._lines = deque(kept, maxlen=self._lines.maxlen)

    @property
    def last_serial(self) -> int:
        return self._serial

    def lines(self, source: str | None = None) -> list[LogLine]:
        return [line for line in self._lines if source in (None, line.source)]

    def texts(self, source: str | None = None) -> list[str]:
        return [line.text for line in self.lines(source)]

    def after_serial(self, serial: int, source: str | None = None) -> list[LogLine]:
        if serial >= self._serial:
            return []
        return [line for line in self.lines(source) if line.serial > serial]

    def after_id(self, event_id: str, source: str | None = None) -> list[LogLine]:
        """Lines after the one with this id, at most 5,000. ValueError for what was never an id."""
        moment, slash, serial = event_id.partition("/")
        seen = (parse_rfc3339_nanos(moment), int(serial) if slash else None)
        later = [line for line in self.lines(source) if _is_after(line, *seen)]
        return later[-REPLAY_LINES:]

    def since(self, moment: str, source: str | None = None) -> list[LogLine]:
        start = parse_rfc3339_nanos(moment)
        return [line for line in self.lines(source) if line.nanos >= start][-REPLAY_LINES:]

    def tail(self, count: int, source: str | None = None) -> list[LogLine]:
        return self.lines(source)[-count:] if count else []


def _is_after(line: LogLine, nanos: int, serial: int | None) -> bool:
    if serial is not None:
        return line.serial > serial
    return line.nanos > nanos
