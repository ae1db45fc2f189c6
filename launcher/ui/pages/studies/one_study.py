"""One study drawn: its money, how it came along, its trials, the best beside each other, and what mattered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlencode

from nicegui import background_tasks, ui

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.progress import Reached, best_so_far, values_reached
from launcher.domain.studies.search_space import plain_value
from launcher.domain.studies.study import Study, Trial, TrialState
from launcher.errors import LauncherError
from launcher.forms.value_text import label_of
from launcher.services.following.find_run import find_run
from launcher.services.studies.sampling import ENOUGH_TRIALS, importances_if_any
from launcher.ui.frame import Shell
from launcher.ui.pages.studies.ways import PRUNERS, SAMPLERS
from launcher.ui.state.curves import Plotted
from launcher.ui.widgets.elements import (
    Button,
    Text,
    badge,
    box,
    card,
    facts,
    hint,
    link,
    para,
    say,
    table,
)
from launcher.ui.widgets.labelled_bar import LabelledBar
from launcher.ui.widgets.plot import Plot, PlotLine
from pod_image.contract.figures import counted, dollars
from pod_image.contract.results_address import is_folder, results_kind

BESIDE_EACH_OTHER = 5
_TONES = {
    TrialState.COMPLETE: "good",
    TrialState.LIVE: "note",
    TrialState.FAILED: "bad",
}


class OneStudy:
    def __init__(self, shell: Shell, address: StudyAddress, study: Study) -> None:
        self._shell, self._address, self._study = shell, address, study

    def draw(self) -> None:
        self._head()
        self._money()
        if values_reached(self._study):
            self._came_along()
            self._best()
        self._what_mattered()
        self._trials()

    def _head(self) -> None:
        asked = self._study.asked
        facts(
            [
                (results_kind(self._address.repo).capitalize(), self._address.repo),
                ("Objective", f"{asked.objective.title}, {asked.objective.direction}"),
                (
                    "Search space",
                    "; ".join(f"{label_of(each.name)}: {each.plain_text}" for each in asked.space),
                ),
                ("Values are chosen", SAMPLERS[asked.sampler]),
                ("A trial is stopped early", PRUNERS[asked.pruner]),
                ("At a time", counted(asked.at_most, "trial")),
            ]
        )
        if self._study.stopped:
            say("note", "Stopped", f"{self._study.stopped} No further trial starts.")

    def _money(self) -> None:
        with box("div", "stack-small"):
            self._draw_money()

    def _draw_money(self) -> None:
        study = self._study
        bar = LabelledBar("Budget")
        words = f"{dollars(study.spent_usd)} spent"
        if study.live:
            words += (
                f", {dollars(study.reserved_usd)} set aside for {counted(len(study.live), 'trial')}"
            )
        budget = study.asked.budget_usd
        bar.show(f"{words}, of {dollars(budget)}", (study.spent_usd + study.reserved_usd) / budget)
        hint(
            "What the runs have cost, plus the most that live runs can still cost, is never over the budget."
        )

    def _came_along(self) -> None:
        study = self._study
        with card("Best so far"):
            best = best_so_far(study)
            plot = Plot(f"{study.objective.title} by trial", height=220, foot="trial")
            plot.show(
                [
                    PlotLine(
                        "best", "Best so far", _plotted(best), study.objective.text(best[-1][1])
                    ),
                    PlotLine("each", "Each trial", _plotted(values_reached(study))),
                ]
            )

    def _best(self) -> None:
        study, ranked = self._study, self._study.ranked[:BESIDE_EACH_OTHER]
        with card("Best trials"):
            names = [each.name for each in study.asked.space]
            columns = ("Run", study.objective.title, "Step", *map(label_of, names), "Cost")
            numeric = tuple(range(1, len(columns)))
            with table("The best trials", columns, numeric=numeric):
                reached = study.objective.column(trial.value for trial in ranked)
                for trial, value in zip(ranked, reached, strict=True):
                    self._row(
                        trial,
                        value,
                        "" if trial.step is None else f"{trial.step:,}",
                        *(_value(trial, name) for name in names),
                        dollars(trial.spent_usd),
                    )
            if len(ranked) > 1:
                compare = Button("Hear and compare them", symbol="compare")
                compare.mark("compare-best")
                compare.when_pressed(lambda: self._compare(compare, ranked))

    async def _compare(self, pressed: Button, ranked: Sequence[Trial]) -> None:
        """Get to know the runs of other computers first: then the page that compares has them too."""
        pressed.lock("Their runs are looked up.")
        session = await self._shell.session()
        names = [f"{self._address.repo}/{trial.run_id}" for trial in ranked]
        for name in names:
            with suppress(LauncherError):  # it is left out there
                await find_run(session.bench, name)
        ui.navigate.to(f"/compare?{urlencode({'runs': ','.join(names)})}")

    def _what_mattered(self) -> None:
        measured = sum(trial.is_measured for trial in self._study.trials)
        if measured < ENOUGH_TRIALS:
            return
        with card("Which setting mattered") as place:
            words = hint("Optuna works it out…")

        async def fill() -> None:
            found = await asyncio.to_thread(importances_if_any, self._study)
            if place.is_deleted:
                return
            words.text = (
                "How much of the difference between trials each setting explains, by Optuna."
                if found
                else "Not known: Optuna is not installed, or all trials are the same."
            )
            with place:
                for name, share in found.items():
                    LabelledBar(label_of(name)).show(f"{100 * share:.0f} %", share)

        background_tasks.create(fill(), name="importances")

    def _trials(self) -> None:
        study = self._study
        with card("Trials"):
            if not study.trials:
                para("No trial has started yet.")
                return
            names = [each.name for each in study.asked.space]
            columns = ("Run", "State", study.objective.title, "Cost", *map(label_of, names), "Why")
            numeric = (2, 3, *range(4, 4 + len(names)))
            with table("Trials", columns, numeric=numeric):
                reached = study.objective.column(trial.value for trial in study.trials)
                for trial, value in zip(study.trials, reached, strict=True):
                    self._row(
                        trial,
                        trial.state,
                        value,
                        _cost(trial),
                        *(_value(trial, name) for name in names),
                        "" if trial.is_measured else trial.reason,
                    )

    def _page_of_run(self, trial: Trial) -> str:
        """Empty where there is none: a run in a folder has one on computers that know it."""
        if not trial.run_id:
            return ""
        if not is_folder(self._address.repo):
            return f"/run/{self._address.repo}/{trial.run_id}"
        known = self._shell.site.history.attempts(self._address.repo, trial.run_id)
        return f"/runs/{known[0].nonce}" if known else ""

    def _row(self, trial: Trial, *cells: str) -> None:
        with box("tr"):
            with box("td"):
                if page := self._page_of_run(trial):
                    link(trial.run_id, page)
                elif trial.run_id:
                    Text("span", trial.run_id)
                else:
                    Text("span", f"trial {trial.number + 1}")
            for cell in cells:
                if isinstance(cell, TrialState):
                    with box("td"):
                        badge(cell.value, _TONES.get(cell, "plain"))
                else:
                    Text("td", cell, "number" if cell[:1].isdigit() or cell[:1] in "$-" else "")


def _plotted(reached: Sequence[Reached]) -> list[Plotted]:
    return [Plotted(float(number), 0.0, value) for number, value in reached]


def _value(trial: Trial, name: str) -> str:
    return plain_value(trial.params[name]) if name in trial.params else ""


def _cost(trial: Trial) -> str:
    """Of one that lives, the most that it may come to."""
    if trial.state is TrialState.LIVE:
        return f"{dollars(trial.committed_usd)} at most"
    return dollars(trial.spent_usd)
