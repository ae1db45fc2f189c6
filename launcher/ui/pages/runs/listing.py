"""The list of runs: a page of it at a time, sorted by any column, kept up to date while runs go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nicegui import ui

from launcher.errors import LauncherError
from launcher.stores.run_list import ListedRun, RunsFound, SortBy
from launcher.ui.frame import Shell, in_background, show_error
from launcher.ui.pages.runs.asked import ROWS, Asked, pages_of
from launcher.ui.pages.runs.row import Row, RowActions
from launcher.ui.widgets.elements import (
    Button,
    Text,
    attributes,
    box,
    button,
    empty_state,
)
from pod_image.contract.figures import counted
from pod_image.contract.settings import RunSettings

LOOK_SECONDS = 2.0
COLUMNS: tuple[tuple[tuple[str, SortBy], ...], ...] = (
    (("Name", SortBy.NAME), ("Run ID", SortBy.RUN)),
    (("Trains", SortBy.RECIPE), ("Dataset", SortBy.TRAINS_ON)),
    (("State", SortBy.STATE),),
    (("Started", SortBy.STARTED),),
    (("Time", SortBy.TIME),),
    (("Cost", SortBy.COST),),
    (("Best score", SortBy.SCORE),),
)
NUMERIC = (SortBy.TIME, SortBy.COST)
USUAL_RECIPE = RunSettings().recipe.value


class Listing:
    """`ask` is called with what a person asks for next."""

    def __init__(
        self,
        shell: Shell,
        actions: RowActions,
        is_picked: Callable[[str], bool],
        ask: Callable[[Asked], None],
    ) -> None:
        self._shell, self._actions, self._ask = shell, actions, ask
        self._is_picked = is_picked
        self._rows: list[Row] = []
        self._asked = Asked()
        self._version = -1
        self._heads: list[tuple[ui.element, list[tuple[SortBy, Button]]]] = []
        self._count = Text("p", "", "hint")
        attributes(self._count, role="status")
        self._table = box("div", "table-box runs-table", tabindex="0", role="region")
        attributes(self._table, aria_label="Runs")
        with self._table, box("table"):
            Text("caption", "Runs", "sr-only")
            with box("thead"), box("tr"):
                self._head()
            self._body = box("tbody")
        self._instead = box("div")
        self._pager = box("nav", "row pager", aria_label="Pages of the list")
        ui.timer(LOOK_SECONDS, self._look)

    def show(self, asked: Asked) -> None:
        """The page of the list that is asked for; the last one where it has fewer."""
        found = self._find(asked)
        if found is None:
            return
        last = pages_of(found.total)
        if asked.number > last:
            self._ask(replace(asked, number=last))
            return
        self._asked = asked
        self._draw(found)

    def _find(self, asked: Asked) -> RunsFound | None:
        """None where the history cannot be read, and that is said in place of the list."""
        site = self._shell.site
        try:
            return site.history.list.find(asked.for_history(), site.clock.now(), USUAL_RECIPE)
        except LauncherError as error:
            self._say_instead(error)
            return None

    def _say_instead(self, error: LauncherError) -> None:
        self._show_table(False)
        self._instead.clear()
        self._pager.clear()
        self._count.text = ""
        self._rows = []
        with self._instead:
            show_error(error)
            again = button("Try again", lambda: self._ask(self._asked), symbol="refresh")
            again.mark("try-again")

    def _draw(self, found: RunsFound) -> None:
        now = self._shell.site.clock.now()
        self._version = self._shell.site.live.version
        self._count.text = self._counted(found)
        self._mark_sorting()
        self._instead.clear()
        self._body.clear()
        with self._body:
            self._rows = [
                Row(one, now, self._actions, is_picked=self._is_picked(one.run.nonce))
                for one in found.rows
            ]
        self._show_table(bool(found.rows))
        if not found.rows:
            self._nothing_found()
        self._draw_pager(found.total)
        unread = [one.run for one in found.rows if one.score is None or one.sample is None]
        if unread:
            in_background(self._shell.site.live.look_back(unread), "samples and scores of runs")

    def _counted(self, found: RunsFound) -> str:
        if found.total <= ROWS:
            return counted(found.total, "run")
        first = ROWS * (self._asked.number - 1)
        return f"{first + 1:,} to {first + len(found.rows):,} of {counted(found.total, 'run')}"

    def _nothing_found(self) -> None:
        with (
            self._instead,
            empty_state("No run matches", "Change the search and the filters, or show all runs."),
        ):
            everything = self._asked.everything()
            button("Show all runs", lambda: self._ask(everything), kind="primary").mark("show-all")

    def _show_table(self, is_shown: bool) -> None:
        self._table.set_visibility(is_shown)

    # head

    def _head(self) -> None:
        with box("td"):
            Text("span", "Choose", "sr-only")
        for column in COLUMNS:
            is_numeric = column[0][1] in NUMERIC
            head = box("th", "number" if is_numeric else "", scope="col")
            with head, box("span", "sorters"):
                buttons = [(sort, self._sorter(title, sort)) for title, sort in column]
            self._heads.append((head, buttons))
        for title in ("Sample", ""):
            if title:
                attributes(Text("th", title), scope="col")
            else:
                box("td")

    def _sorter(self, title: str, sort: SortBy) -> Button:
        made = Button(title, lambda: self._ask(self._asked.sorted_by(sort)))
        made.classes(replace="sorter")
        with made:
            Text("span", "", "sort-mark").props["aria-hidden"] = "true"
        made.mark(f"sort-{sort.value}")
        return made

    def _mark_sorting(self) -> None:
        way = "descending" if self._asked.is_descending else "ascending"
        for head, buttons in self._heads:
            sorts = [sort for sort, _ in buttons]
            attributes(head, aria_sort=way if self._asked.sort in sorts else None)
            for sort, made in buttons:
                is_by = sort is self._asked.sort
                made.classes(add="sorted" if is_by else "", remove="" if is_by else "sorted")
                attributes(
                    made, data_way=way if is_by else None, title=None if is_by else "Sort by it"
                )

    # pages

    def _draw_pager(self, total: int) -> None:
        last = pages_of(total)
        self._pager.clear()
        self._pager.set_visibility(last > 1)
        if last == 1:
            return
        with self._pager:
            self._step("Earlier page", self._asked.number - 1, last)
            Text("span", f"Page {self._asked.number} of {last}", "figure")
            self._step("Next page", self._asked.number + 1, last)

    def _step(self, words: str, number: int, last: int) -> None:
        there = replace(self._asked, number=max(1, number))
        made = button(words, lambda: self._ask(there)).mark(words.partition(" ")[0].lower())
        if not 1 <= number <= last:
            made.lock("There is no page before this one." if number < 1 else "This is the last.")

    # what changes meanwhile

    def _look(self) -> None:
        live = self._shell.site.live
        goes_on = any(row.listed.run.end_reason is None for row in self._rows)
        if self._version == live.version and not goes_on:
            return
        found = self._find(self._asked)
        if found is None:
            return
        if self._is_same(found.rows):
            now = self._shell.site.clock.now()
            for row, listed in zip(self._rows, found.rows, strict=True):
                row.show(listed, now)
            self._version = live.version
        else:
            self._draw(found)

    def _is_same(self, listed: tuple[ListedRun, ...]) -> bool:
        return len(listed) == len(self._rows) and all(
            row.is_same(one) for row, one in zip(self._rows, listed, strict=True)
        )
