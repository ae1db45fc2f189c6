"""The log of a run: everything its machine printed, searchable, not announced aloud."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from launcher.domain.run import Run
from launcher.ui.frame import Shell
from launcher.ui.parts.elements import Text, attributes, box, button, card, hint
from launcher.ui.parts.inputs import Field, options
from launcher.ui.run_view import LogEntry, RunView

LINES_SHOWN = 400
SOURCES = {
    "": "Everything",
    "container": "The run",
    "system": "The machine",
    "launcher": "This program",
}


async def draw(shell: Shell, run: Run, view: RunView) -> Callable[[Run], None]:
    state = {"search": "", "source": "", "paused": False, "drawn": -1}

    def changed(key: str) -> Callable[[object], None]:
        def take(value: object) -> None:
            state[key] = value
            state["drawn"] = -1

        return take

    with card("Log"):
        with box("div", "fields"):
            Field("log-search", "Search", on_commit=changed("search"), placeholder="error, epoch…")
            Field(
                "log-source",
                "From",
                kind="select",
                value="",
                options=options(SOURCES),
                on_commit=changed("source"),
            )
        with box("div", "row"):
            Field("log-pause", "Pause", kind="switch", value=False, on_commit=changed("paused"))
            button("Download", lambda: _download(run, view), symbol="download")
            button("Copy what is shown", lambda: _copy(shell, log))
        count = hint("")
        log = Text("pre", "", "log")
        attributes(log, tabindex="0", role="region", aria_label="Log of the run")

    def refresh(_: Run) -> None:
        if state["drawn"] == view.log_count or (state["paused"] and state["drawn"] != -1):
            return
        state["drawn"] = view.log_count
        found = matching(list(view.log), str(state["search"]), str(state["source"]))
        log.text = "\n".join(line(one) for one in found[-LINES_SHOWN:]) or "Nothing here yet."
        count.text = (
            f"{len(found):,} lines" if len(found) <= LINES_SHOWN
            else f"The last {LINES_SHOWN} of {len(found):,} lines; the download has all"
        )  # fmt: skip

    refresh(run)
    return refresh


def matching(entries: list[LogEntry], search: str, source: str) -> list[LogEntry]:
    """The lines that hold every word of the search, from that source."""
    words = search.casefold().split()
    return [
        one
        for one in entries
        if (not source or one.source == source)
        and all(word in one.text.casefold() for word in words)
    ]


def line(entry: LogEntry) -> str:
    at = entry.at.astimezone().strftime("%H:%M:%S ") if entry.at else ""
    mark = "" if entry.source == "container" else f"[{entry.source}] "
    return f"{at}{mark}{entry.text}"


def _copy(shell: Shell, log: Text) -> None:
    ui.clipboard.write(log.text)
    shell.announce("Copied.")


def _download(run: Run, view: RunView) -> None:
    text = "\n".join(line(one) for one in view.log)
    ui.download.content(text.encode(), f"{run.run_id}.log", "text/plain")
