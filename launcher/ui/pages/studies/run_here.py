"""Running a study from its page: agreed to by its money, what happens said, and left without ending any run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.stop_rule import most_more_usd, why_over
from launcher.domain.studies.study import Study
from launcher.errors import InvalidRequest, LauncherError
from launcher.forms.value_text import label_of, value_text
from launcher.services.studies.sampling import need_optuna
from launcher.ui.frame import Shell, show_error
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Button, Text, box, button, card, facts, hint, para, say
from pod_image.contract.figures import counted, dollars
from pod_image.contract.results_address import is_folder

_SHOWN = 8
LOOK_SECONDS = 1.0


class RunHere:
    """`changed` hears the study as the work here knows it."""

    def __init__(
        self, shell: Shell, address: StudyAddress, changed: Callable[[Study], None]
    ) -> None:
        self._shell, self._address, self._changed = shell, address, changed
        self._studies = shell.site.studies
        self._study: Study | None = None
        self._agreed: Study | None = None
        """What was shown when the money was asked for: another look may have drawn another since."""
        self._drawn: object = None

    def draw(self) -> None:
        self._dialog = Dialog("Run this study?")
        with self._dialog.body:
            self._question = para("")
            self._does = box("div")
        with self._dialog.actions:
            button("Run it", self._run, kind="primary").mark("run-study-now")
            button("Back", self._dialog.hide)
        with card("Run it here"):
            self._go = Button("Run it here…", self._press, kind="primary").mark("run-study")
            hint(
                "Its trials are started and followed while this tab is open. After that, runs whose pod can end "
                "itself continue, and the study continues wherever it is run next."
            )
            self._said = box("div")
            self._messages = box("div", "stack-small")
        self._look()
        ui.timer(LOOK_SECONDS, self._look)

    def show(self, study: Study) -> None:
        self._study = study

    def _press(self) -> None:
        running = self._studies.of(self._address)
        if running is not None and running.is_working:
            self._studies.leave(self._address)
            return
        self._said.clear()
        study = self._agreed = self._study
        if study is None:
            with self._said:
                show_error(
                    InvalidRequest(
                        "The study could not be read yet.",
                        hint="Is the folder there?"
                        if is_folder(self._address.repo)
                        else "Enter the Hugging Face token on the Keys page, and try again.",
                    )
                )
            return
        why = why_over(study, self._shell.site.clock.now())
        self._question.text = money_question(study, why)
        self._does.clear()
        with self._does:
            para("Every run does this:")
            facts(what_runs_do(study))
        self._dialog.show()

    async def _run(self) -> None:
        self._dialog.hide()
        self._said.clear()
        try:
            need_optuna()
            session = await self._shell.session()
            assert self._agreed is not None  # the question was shown
            self._studies.start(self._shell.tab, session, self._address, self._agreed)
        except LauncherError as error:
            with self._said:
                show_error(error)
        self._look()

    def _look(self) -> None:
        running = self._studies.of(self._address)
        if running is None or (running.version, running.is_working) == self._drawn:
            return
        self._drawn = (running.version, running.is_working)
        self._go.label.text = "Stop running it here" if running.is_working else "Run it here…"
        self._messages.clear()
        with self._messages:
            for text in list(running.messages)[-_SHOWN:]:
                Text("p", text)
        self._said.clear()
        with self._said:
            if running.trouble:
                say("bad", "The study no longer runs here", running.trouble)
            elif running.why:
                say("good", "The study has ended", running.why)
        self._changed(running.study)


def money_question(study: Study, why: str) -> str:
    """What is agreed to. `why`: that no further trial starts, where that is so."""
    more = dollars(most_more_usd(study, why))
    if why:
        live = counted(len(study.live), "live run")
        return f"{why} No further trial starts; {live} may cost {more} more at most."
    return f"It may cost {more} more at most, {dollars(study.asked.budget_usd)} in all."


def what_runs_do(study: Study) -> list[tuple[str, str]]:
    """The settings that all trials share: whoever may write to the repo may have written them."""
    asked = study.asked
    given = {**asked.preset_values, **asked.given}
    preset = [("Preset", asked.preset)] if asked.preset else []
    return preset + [
        (label_of(name), _shown(name, value))
        for name, value in given.items()
        if value not in ("", [])
    ]


def _shown(name: str, value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else value_text(name, value)
