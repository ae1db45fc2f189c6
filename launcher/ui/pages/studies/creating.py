"""A new study of the run that is set up on the Train page: checked as the command does it, and kept. Rents nothing."""

from __future__ import annotations

from dataclasses import replace

from nicegui import ui

from launcher.domain.studies.study import (
    EVERY_STEPS,
    MOST_AT_A_TIME,
    MOST_TRIALS,
    PrunerName,
    SamplerName,
)
from launcher.errors import InvalidRequest, LauncherError
from launcher.services.studies.creating import CreatedStudy, StudyWish, create_study
from launcher.services.studies.sampling import need_optuna
from launcher.ui.frame import Shell, show_error
from launcher.ui.pages.studies.addresses import page_of
from launcher.ui.pages.studies.ways import DIRECTIONS, PRUNERS, SAMPLERS
from launcher.ui.set_up_run import run_set_up
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Button, box, button, details, link, para, waiting
from launcher.ui.widgets.inputs import Field, options
from launcher.ui.widgets.typed_numbers import number, whole

_MOST_STEPS = 1_000_000_000


class NewStudyDialog:
    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._dialog = Dialog("New study")
        with self._dialog.body:
            para(
                "Its trials are runs of what you have set up on the Train page, with other values."
            )
            link("See or change it on the Train page", "/train")
            self._name = Field("study-name", "Name", placeholder="calm-voice")
            self._search = Field(
                "study-search",
                "What to try",
                placeholder="learning_rate=1e-5..1e-3:log,batch_size=16|32",
                hint="Settings with a range or with values.",
            )
            self._objective = Field(
                "study-objective",
                "Objective",
                hint="The loss or score to improve, as runs tell it.",
            )
            self._budget = Field(
                "study-budget",
                "Budget",
                kind="number",
                unit="dollars",
                hint="The most that all its runs may cost together.",
            )
            self._at_most = Field("study-at-most", "Trials at a time", kind="number", value="1")
            self._trials = Field(
                "study-trials",
                "Trials in all",
                kind="number",
                hint="Optional: the study ends after this many.",
            )
            with details("More about how it searches", marker="study-more"), box("div", "fields"):
                self._draw_more()
            self._place = box("div")
        with self._dialog.actions:
            button("Close", self._dialog.hide)
            self._go = Button("Check and create", self._make, kind="primary").mark("make-study")

    def _draw_more(self) -> None:
        self._sampler = Field(
            "study-sampler",
            "Values are chosen",
            kind="select",
            value=SamplerName.TPE.value,
            options=options({name.value: words for name, words in SAMPLERS.items()}),
            hint="How the values of the next trial are found.",
        )
        self._pruner = Field(
            "study-pruner",
            "A trial is stopped early",
            kind="select",
            value=PrunerName.MEDIAN.value,
            options=options({name.value: words for name, words in PRUNERS.items()}),
            hint="A trial that is stopped early costs less and keeps what it made.",
        )
        self._direction = Field(
            "study-direction",
            "Better is",
            kind="select",
            value="",
            options=options(DIRECTIONS),
            hint="A loss is better when it is lower.",
        )
        self._patience = Field(
            "study-no-better",
            "End without a better one",
            kind="number",
            unit="trials",
            hint="Optional: the study ends after this many trials in a row that improve nothing.",
        )
        self._every_steps = Field(
            "study-report-every",
            "Compare every",
            kind="number",
            unit="steps",
            value=str(EVERY_STEPS),
            hint="Trials are compared with each other each time they have done this many steps.",
        )

    def show(self) -> None:
        self._place.clear()
        self._dialog.show()

    async def _make(self) -> None:
        self._go.lock("The check is under way.")
        self._place.clear()
        with self._place:
            waiting("Planning one trial…", rows=1)
        try:
            made = await self._made()
        except LauncherError as error:
            self._place.clear()
            with self._place:
                show_error(error)
        else:
            ui.navigate.to(page_of(made.address))
        finally:
            self._go.lock(None)

    async def _made(self) -> CreatedStudy:
        need_optuna()
        typed = self._wish()
        run = run_set_up(self._shell.site, self._shell.tab)
        wish = replace(typed, forced=run.forced)
        session = await self._shell.session()
        return await create_study(session.bench, session.keys, run.preset, run.draft.given, wish)

    def _wish(self) -> StudyWish:
        budget = number(self._budget.value, "Budget")
        if budget is None:
            raise InvalidRequest(
                "The study needs a budget.", hint="Enter the most that all its runs may cost."
            )
        search = str(self._search.value or "").strip()
        trials = whole(self._trials.value, "Trials in all", MOST_TRIALS)
        return StudyWish(
            name=str(self._name.value or "").strip(),
            search=[search] if search else [],
            objective=str(self._objective.value or ""),
            budget_usd=budget,
            at_most=whole(self._at_most.value, "Trials at a time", MOST_AT_A_TIME) or 1,
            most_trials=trials,
            sampler=SamplerName(str(self._sampler.value)),
            pruner=PrunerName(str(self._pruner.value)),
            direction=str(self._direction.value or ""),
            patience=whole(self._patience.value, "End without a better one", MOST_TRIALS),
            every_steps=whole(self._every_steps.value, "Compare every", _MOST_STEPS) or EVERY_STEPS,
        )
