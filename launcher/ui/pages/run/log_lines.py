"""The page's own element for a long log, and its Python side."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import events, ui

from launcher.domain.run_view import LogEntry

_MOST_AT_ONCE = 500
LONGEST_SHOWN = 2_000
"""Characters of a line on the page; the download has all."""


class LogLines(ui.element, component="log_lines.js"):
    """Lines of which those in view are sent. `entries` may grow between two calls of `show`."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.entries: Sequence[LogEntry] = ()
        self._props.update({"label": label, "total": 0, "version": 0, "words": []})
        self.on("window", self._wanted)

    def show(self, entries: Sequence[LogEntry], words: Sequence[str]) -> None:
        """These are the lines from now on; words that are looked for are marked in them."""
        self.entries = entries
        version = int(self._props["version"]) + 1
        self._props.update({"total": len(entries), "version": version, "words": list(words)})
        self.update()

    def rows(self, start: int, count: int) -> list[dict[str, str]]:
        return [
            {"at": clock_time(one), "text": cut(source_mark(one) + one.text)}
            for one in self.entries[start : start + count]
        ]

    def _wanted(self, event: events.GenericEventArguments) -> None:
        start = max(0, int(event.args["start"]))
        count = min(_MOST_AT_ONCE, max(0, int(event.args["count"])))
        self.run_method("fill", start, self.rows(start, count), self._props["version"])


def clock_time(entry: LogEntry) -> str:
    return entry.at.astimezone().strftime("%H:%M:%S ") if entry.at else ""


def source_mark(entry: LogEntry) -> str:
    return "" if entry.source == "container" else f"[{entry.source}] "


def cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]} [cut]"
