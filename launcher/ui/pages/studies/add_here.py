"""More for a study from its page: a trial of one's own, more money, more trials. What was stopped can run again."""

from __future__ import annotations

from collections.abc import Callable

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.study import MOST_TRIALS, Study
from launcher.errors import LauncherError
from launcher.services.studies.adding import add_to_study
from launcher.ui.frame import Shell, show_error
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Button, box, button, para, say
from launcher.ui.widgets.inputs import Field
from launcher.ui.widgets.typed_numbers import number, whole
from pod_image.contract.figures import counted, dollars


class AddHere:
    """`changed` hears the study with what was added."""

    def __init__(
        self, shell: Shell, address: StudyAddress, changed: Callable[[Study], None]
    ) -> None:
        self._shell, self._address, self._changed = shell, address, changed

    def draw(self) -> None:
        self._dialog = Dialog("Add to this study")
        with self._dialog.body:
            para("A study that is over, or was stopped, can run again with what you add.")
            self._budget = Field(
                "add-budget",
                "More budget",
                kind="number",
                unit="dollars",
                hint="Is added to the most that all its runs may cost together.",
            )
            self._trials = Field(
                "add-trials",
                "More trials",
                kind="number",
                hint="Is added to the number of trials after which it ends.",
            )
            self._values = Field(
                "add-values",
                "A trial of your own",
                placeholder="learning_rate=1e-4,batch_size=16",
                hint="Optional: every setting that the study searches, with one value each.",
            )
            self._said = box("div")
        with self._dialog.actions:
            button("Back", self._dialog.hide)
            self._go = Button("Add", self._add, kind="primary").mark("add-to-study-now")
        self._ask = Button("Add to the study…", self._show, symbol="plus").mark("add-to-study")
        self._ask.set_visibility(False)
        self._done = box("div")

    def show(self, study: Study) -> None:
        self._ask.set_visibility(True)

    def _show(self) -> None:
        self._said.clear()
        self._dialog.show()

    async def _add(self) -> None:
        self._go.lock("It is being added.")
        self._said.clear()
        try:
            session = await self._shell.session()
            values = str(self._values.value or "").strip()
            study = await add_to_study(
                session.bench,
                self._address,
                values=[values] if values else [],
                more_usd=number(self._budget.value, "More budget") or 0.0,
                more_trials=whole(self._trials.value, "More trials", MOST_TRIALS) or 0,
            )
        except LauncherError as error:
            with self._said:
                show_error(error)
            return
        finally:
            self._go.lock(None)
        self._dialog.hide()
        for field in (self._budget, self._trials, self._values):
            field.show(value="")
            field.used()
        self._changed(study)
        self._done.clear()
        with self._done:
            say("good", "Added", _now(study))


def _now(study: Study) -> str:
    most = study.asked.most_trials
    trials = f" and {counted(most, 'trial')}" if most is not None else ""
    return f"The study has {dollars(study.asked.budget_usd)}{trials} in all. Run it to continue."
