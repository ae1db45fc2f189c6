"""The log of a run: everything its machine printed, searchable, not announced aloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nicegui import ui

from launcher.domain.run import Run, RunState
from launcher.domain.run_view import LOG_LINES, LogEntry, RunView
from launcher.errors import LauncherError
from launcher.ui.frame import Shell, in_background
from launcher.ui.pages.run.log_book import LogBook
from launcher.ui.pages.run.log_lines import LogLines, clock_time, source_mark
from launcher.ui.pages.run.private_repo import show_or_ask
from launcher.ui.pages.run.tabs.files import WITH_A_TOKEN
from launcher.ui.widgets.elements import box, button, card, hint
from launcher.ui.widgets.inputs import Field, options
from pod_image.contract.figures import counted, size

SOURCES = {
    "": "Everything",
    "container": "The run",
    "system": "The machine",
    "launcher": "This program",
}
MOST_COPIED = 20_000


async def draw(shell: Shell, run: Run, view: RunView) -> Callable[[Run], None]:
    tab = LogTab(shell, run, view)
    tab.refresh(run)
    return tab.refresh


class LogTab:
    """The tab: its search, its lines, and the delivered log where lines are missing here."""

    def __init__(self, shell: Shell, run: Run, view: RunView) -> None:
        self._shell, self._run, self._view = shell, run, view
        self._book = LogBook()
        self._search, self._source = "", ""
        self._delivered: bytes | None = None
        self._asked_at_end: bool | None = None
        self._must_draw = True
        with card("Log"):
            with box("div", "fields"):
                Field("log-search", "Search", on_commit=self._searched, placeholder="error, epoch…")
                Field(
                    "log-source", "From", kind="select", value="", options=options(SOURCES),
                    on_commit=self._from,
                )  # fmt: skip
            with box("div", "row"):
                button("Download", self._download, symbol="download")
                button("Copy matches", self._copy)
            self._where = box("div", "stack-small")
            self._count = hint("")
            self._lines = LogLines("Log of the run").mark("log")
            self._left_out = hint("")

    def refresh(self, now: Run) -> None:
        """Draw what came since. The delivered log is asked for where lines are missing here, and at the end."""
        is_over = now.state is RunState.ENDED
        is_missing_some = len(self._view.log) == LOG_LINES
        if self._asked_at_end is not is_over and (is_over or is_missing_some):
            self._asked_at_end = is_over
            in_background(self._ask(), "delivered log")
        if self._book.see(self._view.log) or self._must_draw:
            self._draw()

    def _draw(self) -> None:
        self._must_draw = False
        book = self._book
        self._lines.show(book.matches, book.words)
        self._count.text = count_text(book)
        self._left_out.text = left_out(book)

    def _searched(self, value: object) -> None:
        self._search = str(value or "")
        self._look()

    def _from(self, value: object) -> None:
        self._source = str(value or "")
        self._look()

    def _look(self) -> None:
        self._book.look_for(self._search, self._source)
        self._draw()

    async def _ask(self) -> None:
        self._where.clear()
        session = await self._shell.session()
        results = session.bench.results(self._run.results_repo)
        try:
            self._delivered = await results.log(self._run.run_id)
            if self._delivered is None and self._asked_at_end:
                await results.commit()  # no log, or no repo to be seen: this call tells
        except LauncherError as error:
            if self._asked_at_end:
                with self._where:
                    if not show_or_ask(session, self._run, error, WITH_A_TOKEN):
                        button("Try again", self._ask, symbol="refresh")
        if self._delivered is not None:
            self._book.deliver(self._delivered)
            self._must_draw = True

    def _copy(self) -> None:
        ui.clipboard.write(as_text(self._book.matches[-MOST_COPIED:]))
        self._shell.announce("Copied.")

    def _download(self) -> None:
        """The delivered log as it is, with what was seen since; what the page let go of is in it."""
        content = self._delivered if self._delivered is not None else b""
        newer = as_text(self._book.after_delivered())
        parts = [content.rstrip(b"\n"), newer.encode()]
        whole = b"\n".join(part for part in parts if part) + b"\n"
        ui.download.content(whole, f"{self._run.run_id}.log", "text/plain")


def count_text(book: LogBook) -> str:
    if not len(book):
        return "No log lines here yet."
    if book.is_searched:
        return f"{counted(len(book.matches), 'line')} of {len(book):,}"
    return counted(len(book), "line")


def left_out(book: LogBook) -> str:
    """What is not among the lines, and where it is; "" where nothing is left out."""
    said = []
    if book.gap is not None:
        said.append(
            f"{counted(book.gap.lines, 'line')} ({size(book.gap.size_bytes)}) in the middle are missing: the "
            "run keeps only the first and last part of its output."
        )
    if book.dropped:
        said.append(
            f"The first {counted(book.dropped, 'line')} are not shown, to keep this page fast. The download has "
            "everything the run delivered."
        )
    return " ".join(said)


def as_text(entries: Iterable[LogEntry]) -> str:
    return "\n".join(clock_time(one) + source_mark(one) + one.text for one in entries)
