"""`events.jsonl` of a results repo, whoever wrote it: read as far as a run of ours could have written it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pod_image.contract.events import MAX_LINE_BYTES, Event, from_line

FIRST_EVENTS_BYTES = 48 << 20
"""At an event a second and 300 bytes each, two days; of a longer file the end is read as well."""
LAST_EVENTS_BYTES = 8 << 20
MOST_LINES = 400_000
LINE_BYTES = 2 * MAX_LINE_BYTES


@dataclass(frozen=True)
class ToldEvents:
    """`is_whole`: nothing between the first and the last was left out."""

    events: tuple[Event, ...]
    is_whole: bool = True


def read_events(start: bytes, end: bytes | None = None) -> ToldEvents:
    """The events of a file, or of its start and its end. Lines that are none are passed over. Never raises."""
    first, is_whole = _events(start, MOST_LINES)
    if end is None:
        return ToldEvents(tuple(first), is_whole)
    last, _ = _events(end, MOST_LINES // 4)
    return ToldEvents((*first, *last), is_whole=False)


def _events(content: bytes, most_lines: int) -> tuple[list[Event], bool]:
    found: list[Event] = []
    for number, line in enumerate(_lines(content)):
        if number >= most_lines:
            return found, False
        event = None if len(line) > LINE_BYTES else from_line(line.decode("utf-8", "replace"))
        if event is not None:
            found.append(event)
    return found, True


def _lines(content: bytes) -> Iterator[bytes]:
    """One after the other: a file of nothing but line ends becomes no list of them."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        yield content[start:end]
        start = end + 1
