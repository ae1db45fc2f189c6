"""The buttons of a run: save, sample, stop, remove. Each stays locked until its receipt is there."""

from __future__ import annotations

from datetime import datetime, timedelta

from launcher.domain.run import Run, RunState
from launcher.domain.run_view import RunView
from launcher.errors import LauncherError
from launcher.recipes import recipe_of_run
from launcher.services.common.places import place_of_run
from launcher.services.ending.release import release
from launcher.services.following.instructions import Sent, new_instruction, send
from launcher.ui.frame import Shell, show_error
from launcher.ui.next_steps import on_page
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Button, Text, box, button, hint, para
from launcher.ui.widgets.inputs import Field
from pod_image.contract.figures import dollars
from pod_image.contract.instructions import InstructionName
from pod_image.contract.older_settings import recorded_settings
from pod_image.contract.outcomes import Phase

WAIT = timedelta(minutes=3)
"""For a receipt; a save of a large checkpoint with its upload takes a while."""
_DOING = {
    InstructionName.SAVE: "Saving…",
    InstructionName.SAMPLE: "Speaking…",
    InstructionName.STOP: "Stopping…",
}
_SYMBOLS = {
    InstructionName.SAVE: "save",
    InstructionName.SAMPLE: "speak",
    InstructionName.STOP: "stop",
}
_TEXT = {
    InstructionName.SAVE: "Save now",
    InstructionName.SAMPLE: "Sample now",
    InstructionName.STOP: "Finish now",
}


class RunActions:
    def __init__(self, shell: Shell, run: Run, view: RunView) -> None:
        self._shell, self._run, self._view = shell, run, view
        self._shown = recipe_of_run(run.settings_json).shown
        self._waiting: dict[InstructionName, tuple[str, datetime]] = {}
        with box("div", "row actions") as self._place:
            self._buttons = {
                name: self._button(name, symbol)
                for name, symbol in _SYMBOLS.items()
                if name is not InstructionName.SAMPLE or self._shown.says_what_is_asked
            }
            self._remove = Button("Cancel run", self.ask_remove, kind="danger", symbol="trash")
            self._remove.mark("remove")
        self._why = hint("")
        self._result = para("", "small soft")
        self._error_place = box("div")
        self._dialogs()

    def refresh(self, run: Run) -> None:
        self._run = run
        is_over = run.state is RunState.ENDED
        for part in (self._place, self._why):
            part.set_visibility(not is_over)
        if is_over:
            return
        self._take_receipts()
        self._remove.set_visibility(not run.is_from_repo)  # its pod is not this computer's to end
        for name, action in self._buttons.items():
            action.lock(self._why_locked(name))
            doing = name in self._waiting
            action.label.text = _DOING[name] if doing else _TEXT[name]
        reasons = [why for name in self._buttons if (why := self._why_locked(name)) is not None]
        self._why.text = reasons[0] if reasons else ""
        self._why.set_visibility(bool(reasons))

    def ask_remove(self) -> None:
        self._remove_dialog.show()

    def _button(self, name: InstructionName, symbol: str) -> Button:
        handler = {
            InstructionName.SAVE: self._save,
            InstructionName.SAMPLE: self._ask_sample,
            InstructionName.STOP: self._ask_stop,
        }[name]
        return Button(_TEXT[name], handler, symbol=symbol).mark(f"do-{name.value}")

    def _why_locked(self, name: InstructionName) -> str | None:
        if self._run.is_from_repo and not self._shell.site.can_write_results(self._shell.tab):
            return "Enter the Hugging Face token first."
        place = place_of_run(self._run)
        if not (self._run.is_from_repo or self._shell.site.can_rent(self._shell.tab, place)):
            return f"Enter the {place.title} key first."
        if name in self._waiting:
            return "Waiting for confirmation from the GPU."
        if InstructionName.STOP in self._waiting:
            return "The run is being stopped."
        if self._run.state is RunState.ENDING:
            return "The run is already finishing."
        if self._run.armed_at is None:
            return "The GPU is not ready yet."
        if name is not InstructionName.STOP and self._view.picture.phase is not Phase.TRAIN:
            return "Only possible during training."
        return None

    def _take_receipts(self) -> None:
        now = self._shell.site.clock.now()
        for name, (id, since) in list(self._waiting.items()):
            receipt = self._view.picture.receipts.get(id)
            if receipt is not None and receipt.state in ("done", "refused"):
                del self._waiting[name]
                word = "done" if receipt.state == "done" else "refused"
                self._tell(f"{_TEXT[name]}: {word}. {receipt.detail}".strip())
            elif now - since > WAIT:
                del self._waiting[name]
                self._tell(f"{_TEXT[name]}: no confirmation yet. It may still come; check the log.")

    def _tell(self, text: str) -> None:
        self._result.text = text
        self._shell.announce(text)

    async def _save(self) -> None:
        await self._send(InstructionName.SAVE)

    async def _send(self, name: InstructionName, text: str = "", speaker: str = "") -> None:
        self._error_place.clear()
        try:
            instruction = new_instruction(name, text, speaker)
            self._waiting[name] = (instruction.id, self._shell.site.clock.now())
            self.refresh(self._run)
            session = await self._shell.session()
            sent: Sent = await send(session.bench, self._run, instruction)
        except LauncherError as error:
            self._waiting.pop(name, None)
            with self._error_place:
                show_error(error)
            self._shell.announce(on_page(error.message))
            return
        way = "" if sent.way.value == "exec" else " It checks every 30 seconds."
        self._tell(f"{_TEXT[name]}: sent to the GPU, waiting for confirmation.{way}")

    def _dialogs(self) -> None:
        run = self._run
        self._sample_dialog = Dialog("Make a sample now")
        with self._sample_dialog.body:
            self._text = Field(
                "sample-text",
                "Text",
                kind="area",
                value="Hello, this is how I sound right now.",
                hint="Up to 500 letters. It appears among the newest samples in a few seconds.",
            )
            self._speaker = Field(
                "sample-speaker",
                "Speaker",
                hint="As the dataset names them, or a number from 0. Empty: the first.",
            )
            self._speaker.set_visibility(_speakers_of(run) > 1)
        with self._sample_dialog.actions:
            button("Cancel", self._sample_dialog.hide)
            button("Make sample", self._sample, kind="primary")
        self._stop_dialog = Dialog(f"Finish {run.run_id} now?")
        with self._stop_dialog.body:
            para(
                f"{self._shown.at_a_stop} The results so far are delivered, and the GPU removes itself. That "
                "takes a few minutes, which you pay as well."
            )
        with self._stop_dialog.actions:
            button("Keep training", self._stop_dialog.hide)
            button("Finish now", self._stop, kind="primary").mark("really-stop")
        self._remove_dialog = Dialog(f"Cancel {run.run_id} now?")
        with self._remove_dialog.body:
            para(
                f"{run.gpu_name} at {dollars(run.price_per_hour_usd)} an hour is removed at once, and all costs "
                "end. What has not been delivered yet is lost. To have it delivered, use "
                "“Finish now”."
            )
            self._remove_place = box("div")
        with self._remove_dialog.actions:
            button("Keep it running", self._remove_dialog.hide)
            self._really = Button("Cancel run now", self._remove_now, kind="danger")
            self._really.mark("really-remove")

    def _ask_sample(self) -> None:
        self._sample_dialog.show()

    async def _sample(self) -> None:
        self._sample_dialog.hide()
        await self._send(
            InstructionName.SAMPLE, str(self._text.value), str(self._speaker.value or "")
        )

    def _ask_stop(self) -> None:
        self._stop_dialog.show()

    async def _stop(self) -> None:
        self._stop_dialog.hide()
        await self._send(InstructionName.STOP)

    async def _remove_now(self) -> None:
        self._really.lock("The GPU is being removed.")
        self._really.label.text = "Removing…"
        self._remove_place.clear()
        job = self._shell.site.live.launches.of_run(self._run.nonce)
        try:
            if job is not None and job.task is not None and not job.is_over:
                job.task.cancel()  # the launch itself releases what it rented
            else:
                session = await self._shell.session()
                await release(session.bench, self._run)
        except LauncherError as error:
            with self._remove_place:
                show_error(error)
                Text("p", "The GPU may still be running and cost money.", "error-text")
        else:
            self._remove_dialog.hide()
            self._tell("The GPU was removed.")
        finally:
            self._really.lock(None)
            self._really.label.text = "Cancel run now"


def _speakers_of(run: Run) -> int:
    """How many speakers its voice has, by its settings."""
    speakers = recorded_settings(run.settings_json).get("speakers", 1)
    return speakers if isinstance(speakers, int) else 1
