"""The page's own element for a long log, and its Python side."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.domain.run_view import LogEntry
from launcher.ui.widgets.long_list import LongList

LONGEST_SHOWN = 2_000
"""Characters of a line on the page; the download has all."""


class LogLines(LongList, component="log_lines.js"):
    """Lines of which those in view are sent. `entries` may grow between two calls of `show`."""

    def __init__(self, label: str) -> None:
        super().__init__(label, self.rows, words=[])
        self.entries: Sequence[LogEntry] = ()

    def show(self, entries: Sequence[LogEntry], words: Sequence[str]) -> None:
        """These are the lines from now on; words that are looked for are marked in them."""
        self.entries = entries
        self.changed(len(entries), words=list(words))

    def rows(self, start: int, count: int) -> list[dict[str, str]]:
        return [
            {"at": clock_time(one), "text": cut(source_mark(one) + one.text)}
            for one in self.entries[start : start + count]
        ]


def clock_time(entry: LogEntry) -> str:
    return entry.at.astimezone().strftime("%H:%M:%S ") if entry.at else ""


def source_mark(entry: LogEntry) -> str:
    return "" if entry.source == "container" else f"[{entry.source}] "


def cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]} [cut]"
