"""What the log page holds: lines that the run delivered, lines that were seen since, and which are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import takewhile

from launcher.domain.run_view import LogEntry
from pod_image.contract.run_log import Gap, find_gap, read_lines

MOST_LINES = 100_000
"""Of an open page; some 25 MB. A run that prints more delivers its first and its last megabytes."""
_CUT_AT_ONCE = 5_000


class LogBook:
    """Lines in the order in which they were printed. `matches` counts up what a search finds, as lines come."""

    def __init__(self, most_lines: int = MOST_LINES) -> None:
        self._most_lines = most_lines
        self._delivered: list[LogEntry] = []
        self._seen: list[LogEntry] = []
        self._lines: list[LogEntry] = []
        self._matches: list[LogEntry] = []
        self.words: tuple[str, ...] = ()
        """That are looked for; each line that is found holds all of them."""
        self._source = ""
        self.gap: Gap | None = None
        """What the run itself left out of the log that it delivered."""
        self.dropped = 0
        """Lines that this page let go of; the download has them."""

    @property
    def matches(self) -> Sequence[LogEntry]:
        """The lines that are looked for; all of them where nothing is."""
        return self._matches

    @property
    def is_searched(self) -> bool:
        return bool(self.words or self._source)

    def __len__(self) -> int:
        return len(self._lines)

    def after_delivered(self) -> list[LogEntry]:
        """What was seen from here and is not in the delivered log."""
        return list(_unless_delivered(self._seen, self._delivered))

    def see(self, entries: Iterable[LogEntry]) -> int:
        """Take those that came since; `entries` are the newest, in order. Returns how many are new."""
        last = self._seen[-1].number if self._seen else 0
        newest_first = reversed(entries if isinstance(entries, Sequence) else list(entries))
        new = list(takewhile(lambda each: each.number > last, newest_first))[::-1]
        self._seen += new
        self._append(_unless_delivered(new, self._delivered))
        return len(new)

    def deliver(self, content: bytes) -> None:
        """Take the log of the results repo, which is whole as far as it goes: lines that it has are shown once."""
        self.gap = find_gap(content)
        self._delivered = [
            LogEntry(number, line.text, "container", line.at)
            for number, line in enumerate(read_lines(content), 1)
        ]
        self._lines, self._matches, self.dropped = [], [], 0
        self._append([*self._delivered, *_unless_delivered(self._seen, self._delivered)])

    def look_for(self, text: str, source: str = "") -> None:
        """Lines that hold every word of the text, from that source; "" for any."""
        self.words, self._source = tuple(text.casefold().split()), source
        self._matches = [each for each in self._lines if self._is_wanted(each)]

    def _append(self, new: Iterable[LogEntry]) -> None:
        added = list(new)
        self._lines += added
        self._matches += [each for each in added if self._is_wanted(each)]
        if len(self._lines) > self._most_lines:
            cut = len(self._lines) - self._most_lines + min(_CUT_AT_ONCE, self._most_lines // 2)
            self._lines, self.dropped = self._lines[cut:], self.dropped + cut
            self._matches = [each for each in self._lines if self._is_wanted(each)]

    def _is_wanted(self, entry: LogEntry) -> bool:
        if self._source and entry.source != self._source:
            return False
        return not self.words or all(word in entry.text.casefold() for word in self.words)


def _unless_delivered(
    seen: Iterable[LogEntry], delivered: Sequence[LogEntry]
) -> Iterator[LogEntry]:
    """What was seen here and is not in the delivered log: other sources, and what was printed after its end."""
    last = next((each.at for each in reversed(delivered) if each.at is not None), None)
    in_last_second = {each.text for each in delivered if each.at == last}
    for each in seen:
        if each.source != "container" or not delivered:
            yield each
            continue
        if last is None or each.at is None:
            continue
        at = _second(each.at)
        if at > last or (at == last and each.text not in in_last_second):
            yield each


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
