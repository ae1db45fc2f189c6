"""Runs: the history as a list that is searched, narrowed, sorted and paged; comparing, naming and deleting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from nicegui import ui

from launcher.domain.run import Run
from launcher.errors import LauncherError
from launcher.services.following.comparing import MOST_COMPARED
from launcher.services.following.receipts import costs
from launcher.stores.known_studies import KnownStudies
from launcher.stores.run_list import Choices, PaidRun, RunKind
from launcher.ui.frame import Shell, page, show_error
from launcher.ui.pages.runs.asked import Asked
from launcher.ui.pages.runs.deleting import DeleteDialog
from launcher.ui.pages.runs.elsewhere import Elsewhere
from launcher.ui.pages.runs.labels import LabelsDialog
from launcher.ui.pages.runs.listing import USUAL_RECIPE, Listing
from launcher.ui.pages.runs.living import Living
from launcher.ui.pages.runs.row import RowActions, recipe_title
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import (
    Button,
    Text,
    box,
    button,
    button_link,
    card,
    empty_state,
    facts,
    link,
)
from launcher.ui.widgets.inputs import Field, options
from pod_image.contract.figures import counted, dollars

KINDS = {
    RunKind.ALL: "All",
    RunKind.LIVE: "Going on",
    RunKind.GOOD: "Results delivered",
    RunKind.BAD: "Ended otherwise",
}


def register(site: Site) -> None:
    page(site, "/runs", "Runs", _build, lead="Every training run this computer knows of.")


async def _build(
    shell: Shell,
    search: str = "",
    kind: str = "",
    tag: str = "",
    recipe: str = "",
    sort: str = "",
    number: str = "",
) -> None:
    _RunsPage(shell, Asked.read(search, kind, tag, recipe, sort, number)).draw()


def of_month(runs: Sequence[PaidRun], now: datetime) -> list[PaidRun]:
    """The runs that were planned in the month of `now`, on this computer's calendar."""
    here = now.astimezone()
    return [
        run
        for run in runs
        if (at := run.planned_at.astimezone()).year == here.year and at.month == here.month
    ]


class _RunsPage:
    def __init__(self, shell: Shell, asked: Asked) -> None:
        self._shell, self._asked = shell, asked
        self._picked: dict[str, str] = {}
        """Titles of those that are chosen, by nonce, in the order they were chosen in."""

    def draw(self) -> None:
        with self._shell.beside_heading:
            link("Queue", "/queue")
        history = self._shell.site.history.list
        try:
            paid, choices = history.paid(), history.choices(USUAL_RECIPE)
        except LauncherError as error:
            show_error(error)
            button("Try again", lambda: ui.navigate.to("/runs"), symbol="refresh")
            return
        if not paid:
            with empty_state("No run yet", "A first try takes a few minutes and some cents."):
                button_link("Train a voice", "/train", primary=True, symbol="train")
            Elsewhere(self._shell)
            return
        self._totals(paid)
        if KnownStudies(self._shell.site.config.data_folder).addresses():
            link("Studies: many runs under one budget", "/studies")
        Living(self._shell)
        self._narrow = box("div", "row tools")
        self._draw_choices(choices)
        self._chosen()
        self._labels = LabelsDialog(self._shell, self._labelled)
        self._deleting = DeleteDialog(self._shell, self._deleted)
        actions = RowActions(self._pick, self._labels.show, self._deleting.ask, self._narrow_to)
        self._listing = Listing(self._shell, actions, self._picked.__contains__, self._ask)
        Elsewhere(self._shell)
        self._listing.show(self._asked)

    def _totals(self, paid: Sequence[PaidRun]) -> None:
        now = self._shell.site.clock.now()
        month, all_time = costs(of_month(paid, now)), costs(paid)
        with card():
            facts(
                [
                    ("This month", f"{dollars(month.known_usd)}, {counted(month.runs, 'run')}"),
                    ("In all", f"{dollars(all_time.known_usd)}, {counted(all_time.runs, 'run')}"),
                    ("Billed so far", dollars(all_time.billed_usd)),
                    ("Not billed yet", counted(all_time.unbilled_runs, "run")),
                ]
            )

    # what is asked for

    def _draw_choices(self, choices: Choices) -> None:
        """A field for each way to narrow the list; tags and recipes where there is more than one thing to choose."""
        asked = self._asked
        self._narrow.clear()
        with self._narrow:
            Field(
                "runs-search",
                "Search",
                value=asked.search,
                on_commit=lambda text: self._ask(
                    replace(self._asked, search=str(text or ""), number=1)
                ),
                placeholder="name, notes, repo, GPU…",
            )
            Field(
                "runs-kind",
                "Show",
                kind="select",
                value=asked.kind.value,
                options=options({one.value: words for one, words in KINDS.items()}),
                on_commit=lambda kind: self._ask(
                    replace(self._asked, kind=RunKind(str(kind or "")), number=1)
                ),
            )
            if choices.tags or asked.tag:
                tags = dict.fromkeys([*choices.tags, *([asked.tag] if asked.tag else [])])
                Field(
                    "runs-tag",
                    "Tag",
                    kind="select",
                    value=asked.tag,
                    options=options({"": "Any tag", **{one: one for one in tags}}),
                    on_commit=lambda tag: self._ask(
                        replace(self._asked, tag=str(tag or ""), number=1)
                    ),
                )
            if len(choices.recipes) > 1 or asked.recipe:
                named = {one: recipe_title(one) for one in (*choices.recipes, asked.recipe) if one}
                Field(
                    "runs-recipe",
                    "Trains",
                    kind="select",
                    value=asked.recipe,
                    options=options({"": "Anything", **named}),
                    on_commit=lambda recipe: self._ask(
                        replace(self._asked, recipe=str(recipe or ""), number=1)
                    ),
                )

    def _narrow_to(self, tag: str) -> None:
        # What was clicked may be gone once the list is drawn anew: nothing is drawn where it stood.
        with self._shell.content:
            self._ask(replace(self._asked, tag=tag, number=1))
            self._choose_again()

    def _ask(self, asked: Asked) -> None:
        """Show this, and write it into the address: a reload, and a link, come back to it."""
        was_narrowed = self._asked.is_narrowed
        self._asked = asked
        with self._shell.content:
            address = json.dumps(asked.address)
            ui.run_javascript(f"history.replaceState(history.state, '', {address})")
            if was_narrowed and not asked.is_narrowed:
                self._choose_again()
            self._listing.show(asked)

    def _choose_again(self) -> None:
        self._draw_choices(self._shell.site.history.list.choices(USUAL_RECIPE))

    # what is chosen

    def _chosen(self) -> None:
        with box("div", "row tools"):
            self._compare = Button("Compare the two", self._go_compare, symbol="compare")
            self._names = Text("span", "", "hint")
            self._names.props["role"] = "status"
            self._none = button("Choose none", self._pick_none, kind="quiet").mark("pick-none")
        self._show_chosen()

    def _pick(self, run: Run, is_on: bool) -> None:
        self._picked.pop(run.nonce, None)
        if is_on:
            self._picked[run.nonce] = run.title
        self._show_chosen()

    def _pick_none(self) -> None:
        self._picked.clear()
        self._show_chosen()
        self._listing.show(self._asked)

    def _show_chosen(self) -> None:
        """Also those that stand on another page of the list."""
        chosen = len(self._picked)
        self._compare.label.text = f"Compare the {chosen}" if chosen > 2 else "Compare the two"
        if chosen > MOST_COMPARED:
            self._compare.lock(f"At most {MOST_COMPARED} runs can be compared at once.")
        else:
            self._compare.lock(None if chosen > 1 else "Select two or more runs in the list first.")
        self._names.text = f"Chosen: {', '.join(self._picked.values())}" if self._picked else ""
        self._none.set_visibility(bool(self._picked))

    def _go_compare(self) -> None:
        ui.navigate.to(f"/compare?runs={','.join(self._picked)}")

    # what is changed

    def _labelled(self, run: Run) -> None:
        if run.nonce in self._picked:
            self._picked[run.nonce] = run.title
            self._show_chosen()
        self._choose_again()
        self._listing.show(self._asked)

    def _deleted(self, run: Run) -> None:
        self._picked.pop(run.nonce, None)
        if not self._shell.site.history.list.paid():
            self._shell.content.clear()
            with self._shell.content:
                self.draw()
            return
        self._show_chosen()
        self._listing.show(self._asked)
