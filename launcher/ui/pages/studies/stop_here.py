"""Stopping a study from its page. Stays as it is while the study is drawn again: a question may be open."""

from __future__ import annotations

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.study import Study
from launcher.errors import LauncherError
from launcher.services.studies.stopping import stop_study
from launcher.ui.frame import Shell, show_error
from launcher.ui.next_steps import on_page
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Button, box, button, para, say
from pod_image.contract.figures import counted


class StopHere:
    def __init__(self, shell: Shell, address: StudyAddress) -> None:
        self._shell, self._address = shell, address

    def draw(self) -> None:
        self._dialog = Dialog("Stop this study?")
        with self._dialog.body:
            self._question = para("")
        with self._dialog.actions:
            button("Stop it", self._stop, kind="danger").mark("stop-study-now")
            button("Back", self._dialog.hide)
        self._ask = Button("Stop the study…", self._dialog.show, symbol="stop")
        self._ask.mark("stop-study").set_visibility(False)
        self._said = box("div")

    def show(self, study: Study) -> None:
        self._ask.set_visibility(bool(study.live) and not study.stopped)
        self._question.text = (
            f"No further trial starts, on any computer, and {counted(len(study.live), 'live run')} will finish and "
            "deliver."
        )

    async def _stop(self) -> None:
        self._dialog.hide()
        self._ask.lock("It is being stopped.")
        self._said.clear()
        try:
            session = await self._shell.session()
            stopped = await stop_study(session.bench, self._address)
        except LauncherError as error:
            with self._said:
                show_error(error)
            return
        finally:
            self._ask.lock(None)
        self.show(stopped.study)
        with self._said:
            say("good", "Stopped", "No further trial starts; runs in progress finish and deliver.")
            for each in stopped.told:
                if each.trouble:
                    say("warning", each.trial.run_id, on_page(each.trouble))
