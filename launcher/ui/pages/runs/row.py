"""One run in the list: what it is called, what it trains, how it stands, what it cost, and what can be done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from launcher.domain.run import Run, RunState
from launcher.stores.run_list import ListedRun
from launcher.ui.state.rented_row import rented
from launcher.ui.text import exactly_when, when
from launcher.ui.widgets.elements import (
    Button,
    Text,
    attributes,
    box,
    hint,
    icon,
    link,
)
from launcher.ui.widgets.inputs import Player
from launcher.ui.widgets.media import media_url
from launcher.ui.widgets.run_state import state_badge, state_text
from pod_image.contract.figures import dollars, duration
from pod_image.contract.scores import kind_of
from pod_image.contract.settings import RECIPES

_BETTER = {True: "lower is better", False: "higher is better", None: ""}


@dataclass(frozen=True)
class RowActions:
    """What the buttons of a row do."""

    pick: Callable[[Run, bool], None]
    label: Callable[[Run], Awaitable[None] | None]
    delete: Callable[[Run], None]
    narrow_to_tag: Callable[[str], None]


class Row:
    """Kept up to date by `show`, as long as `is_same`."""

    def __init__(
        self, listed: ListedRun, now: datetime, actions: RowActions, *, is_picked: bool
    ) -> None:
        self.listed, self._actions = listed, actions
        run = listed.run
        with box("tr"):
            self._tick(run, is_picked)
            self._called(run)
            self._trains(listed)
            with box("td"):
                self._badge = state_badge(run)
            with box("td", "nowrap"):
                self._started = Text("time", "")
                attributes(
                    self._started,
                    datetime=run.planned_at.isoformat(),
                    title=exactly_when(run.planned_at),
                )
            self._time = Text("td", "", "number")
            self._cost = Text("td", "", "number")
            self._score(listed)
            self._sample(listed)
            self._buttons(run)
        self.show(listed, now)

    def is_same(self, listed: ListedRun) -> bool:
        """Whether everything stands that `show` does not bring up to date."""
        mine, theirs = self.listed, listed
        return (mine.run.nonce, mine.run.labels, mine.score, mine.sample) == (
            theirs.run.nonce,
            theirs.run.labels,
            theirs.score,
            theirs.sample,
        ) and (mine.run.state is RunState.ENDED) == (theirs.run.state is RunState.ENDED)

    def show(self, listed: ListedRun, now: datetime) -> None:
        self.listed = listed
        run = listed.run
        words, tone = state_text(run)
        self._badge.text = words
        self._badge.classes(replace=f"badge badge-{tone}")
        self._started.text = when(run.planned_at, now)
        self._time.text = duration(run.lasted_seconds(now), unknown="–")
        self._cost.text = cost_text(run, now)

    def _tick(self, run: Run, is_picked: bool) -> None:
        with box("td"):
            tick = box("input", type="checkbox", aria_label=f"Choose {run.title}")
            attributes(tick, checked="" if is_picked else None)
            tick.mark(f"pick-{run.nonce}")
            tick.on(
                "change",
                lambda event: self._actions.pick(run, bool(event.args)),
                js_handler="(e) => emit(e.target.checked)",
            )

    def _called(self, run: Run) -> None:
        with box("td"):
            link(run.title, f"/runs/{run.nonce}", "run-title")
            parts = [run.run_id if run.labels.name else "", run.results_repo]
            hint(" · ".join(part for part in parts if part))
            if run.labels.tags:
                with box("div", "tags"):
                    for tag in run.labels.tags:
                        self._tag(tag)

    def _tag(self, tag: str) -> None:
        one = Button(tag, lambda: self._actions.narrow_to_tag(tag), kind="quiet")
        one.classes(replace="badge badge-plain tag")
        attributes(one, aria_label=f"Show the runs with the tag {tag}")

    def _trains(self, listed: ListedRun) -> None:
        with box("td"):
            Text("span", recipe_title(listed.recipe))
            if listed.trains_on:
                hint(listed.trains_on)

    def _score(self, listed: ListedRun) -> None:
        with box("td"):
            if not listed.score:
                Text("span", "–")
                return
            kind = kind_of(str(listed.score["name"]))
            Text("span", kind.text(float(listed.score["value"])), "figure")
            hint(", ".join(part for part in (kind.title, _BETTER[kind.is_lower_better]) if part))

    def _sample(self, listed: ListedRun) -> None:
        run, sample = listed.run, listed.sample
        with box("td"):
            if not sample:
                Text("span", "–")
                return
            label = f"the newest sample of {run.title}, step {int(sample['step']):,}"
            name = f"{run.nonce}-newest-{sample['step']}"
            Player(media_url(run, str(sample["path"])), label, name=name, seconds=sample["seconds"])

    def _buttons(self, run: Run) -> None:
        with box("td"), box("div", "row row-buttons"):
            words = f"Train {run.title} again"
            with box("a", "btn btn-quiet", href=f"/train?again={run.nonce}") as again:
                icon("refresh", 18)
            attributes(again, aria_label=words, title=words)
            words = f"Name, tags and notes of {run.title}"
            edit = Button("", lambda: self._actions.label(run), kind="quiet", symbol="edit")
            attributes(edit, aria_label=words, title=words)
            edit.mark(f"label-{run.nonce}")
            words = f"Delete {run.title} from the history"
            remove = Button("", lambda: self._actions.delete(run), kind="quiet", symbol="trash")
            attributes(remove, aria_label=words, title=words)
            remove.mark(f"delete-{run.nonce}")
            if run.state is not RunState.ENDED and not run.is_from_repo:
                remove.lock("The run has not ended.")


def recipe_title(recipe: str) -> str:
    """As it is called on the Train page; of a recipe that this release does not have its name."""
    known = {str(name): one for name, one in RECIPES.items()}
    return known[recipe].title or recipe if recipe in known else recipe


def cost_text(run: Run, now: datetime) -> str:
    """What is billed, else what was metered; of a run that goes on what it has cost by now."""
    if run.billed_usd is not None or run.state is RunState.ENDED:
        return dollars(run.known_cost_usd)
    if run.is_from_repo:
        return f"{dollars(run.cost_usd)} so far" if run.cost_usd is not None else "–"
    return f"{dollars(rented(run, now, is_watched=True).cost_usd)} so far" if run.pod_id else "–"
