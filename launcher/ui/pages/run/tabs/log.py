"""The log of a run: everything its machine printed, searchable, not announced aloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nicegui import ui

from launcher.domain.run import Run, RunState
from launcher.domain.run_view import LOG_LINES, LogEntry, RunView
from launcher.errors import LauncherError
from launcher.ui.frame import Shell, in_background, show_error
from launcher.ui.pages.run.tabs.files import needs_token
from launcher.ui.widgets.elements import Text, attributes, box, button, card, hint
from launcher.ui.widgets.inputs import Field, options
from pod_image.contract.run_log import read_lines

LINES_SHOWN = 400
SOURCES = {
    "": "Everything",
    "container": "The run",
    "system": "The machine",
    "launcher": "This program",
}


@dataclass
class Delivered:
    """The log that the run delivered, once it was asked for; of a pod that is gone it is all there is."""

    content: bytes | None = None
    lines: list[LogEntry] = field(default_factory=list)
    was_asked: bool = False

    def take(self, content: bytes | None) -> None:
        self.content = content
        found = list(read_lines(content or b""))
        first = len(found) - LOG_LINES
        self.lines = [
            LogEntry(number, line.text, "container", line.at)
            for number, line in enumerate(found, 1)
            if number > first
        ]


async def draw(shell: Shell, run: Run, view: RunView) -> Callable[[Run], None]:
    state = {"search": "", "source": "", "paused": False, "drawn": -1}
    delivered = Delivered()

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
            button("Download", lambda: _download(run, view, delivered), symbol="download")
            button("Copy what is shown", lambda: _copy(shell, log))
        where = box("div", "stack-small")
        count = hint("")
        log = Text("pre", "", "log")
        attributes(log, tabindex="0", role="region", aria_label="Log of the run")

    async def ask() -> None:
        where.clear()
        session = await shell.session()
        try:
            delivered.take(await session.bench.results(run.results_repo).log(run.run_id))
        except LauncherError as error:
            if session.keys.hf_upload is not None:
                with where:
                    show_error(error)
                    button("Try again", ask, symbol="refresh")
        if delivered.content is None and session.keys.hf_upload is None:
            with where:  # without the token a private repo looks as if it were not there
                needs_token(run)
        state["drawn"] = -1

    def refresh(now: Run) -> None:
        if now.state is RunState.ENDED and not delivered.was_asked:
            delivered.was_asked = True
            in_background(ask(), "delivered log")
        if state["drawn"] == view.log_count or (state["paused"] and state["drawn"] != -1):
            return
        state["drawn"] = view.log_count
        found = matching(shown(view, delivered), str(state["search"]), str(state["source"]))
        log.text = "\n".join(line(one) for one in found[-LINES_SHOWN:]) or "Nothing here yet."
        count.text = (
            f"{len(found):,} lines" if len(found) <= LINES_SHOWN
            else f"The last {LINES_SHOWN} of {len(found):,} lines; the download has all"
        )  # fmt: skip

    refresh(run)
    return refresh


def shown(view: RunView, delivered: Delivered) -> list[LogEntry]:
    """What was printed as the run delivered it, where it has; the rest as it was seen from here."""
    if not delivered.lines:
        return list(view.log)
    return [*delivered.lines, *(one for one in view.log if one.source != "container")]


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


def _download(run: Run, view: RunView, delivered: Delivered) -> None:
    seen = "\n".join(line(one) for one in view.log).encode()
    ui.download.content(delivered.content or seen, f"{run.run_id}.log", "text/plain")
