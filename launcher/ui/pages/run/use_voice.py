"""Making a checkpoint's voice the voice of its run, after a question that names the repo."""

from __future__ import annotations

from launcher.domain.run import Run, RunState
from launcher.errors import LauncherError
from launcher.recipes import recipe_of_run
from launcher.services.voices.delivered import chosen_voice, use_voice, voices_of_run
from launcher.ui.frame import Shell, show_error
from launcher.ui.pages.run.delivered_now import DeliveredNow
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import badge, box, button, para, say


class UseVoice:
    """One question for all checkpoints of a page; `delivered` is looked up anew once a voice was chosen."""

    def __init__(self, shell: Shell, run: Run, delivered: DeliveredNow) -> None:
        self._shell, self._run, self._delivered = shell, run, delivered
        self._step = 0
        self._dialog = Dialog("Make this the voice of the run?")
        with self._dialog.body:
            self._question = para("")
            self._answer = box("div")
        with self._dialog.actions:
            button("Leave it as it is", self._dialog.hide)
            self._really = button("Use this one", self._use, kind="primary").mark("really-use")

    def draw(self, step: int, *, words: str = "Use this one") -> None:
        """The button of a checkpoint, or a word where its voice is in use already."""
        if step == self._delivered.step_in_use:
            badge("in use", "live").mark(f"in-use-{step}")
            return
        name = f"{words}: step {step:,}"
        button(words, lambda: self._ask(step), kind="quiet", name=name).mark(f"use-{step}")

    def _ask(self, step: int) -> None:
        self._step = step
        self._answer.clear()
        self._really.lock(None)
        self._question.text = (
            f"The voice of step {step:,} becomes the voice of {self._run.run_id} in "
            f"{self._run.results_repo}. The current one stays in the repo's history, and next to "
            f"its own checkpoint where that is known."
        )
        self._dialog.show()

    async def _use(self) -> None:
        step = self._step
        self._really.lock("It is being done.")
        self._answer.clear()
        try:
            session = await self._shell.session()
            found = await voices_of_run(session.bench, self._run)
            voice = chosen_voice(self._run, found, step)
            await use_voice(session.bench, self._run, voice)
        except LauncherError as error:
            with self._answer:
                show_error(error)
        else:
            done = f"Step {step:,} is the voice of {self._run.run_id} now."
            with self._answer:
                say("good", done)
            self._shell.announce(done)
            await self._delivered.look()
        finally:
            self._really.lock(None)


def can_choose_voice(run: Run) -> bool:
    """Whether a checkpoint's voice may become the run's: it makes voices, and writes no more of them."""
    result = recipe_of_run(run.settings_json).shown.result
    return run.state is RunState.ENDED and result is not None and result.speaks
