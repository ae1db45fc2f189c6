"""A blind test on the run's page: the recording and the voice say one sentence, and a person tells which is which."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from nicegui import ui

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.errors import LauncherError
from launcher.hub.results_repo import exactly
from launcher.services.following.delivered_files import results_folder
from launcher.services.voices.blind_pair import make_alike
from launcher.services.voices.speaking import Manner, can_speak_here, speak
from launcher.ui.frame import Shell, show_error
from launcher.ui.next_steps import on_page
from launcher.ui.pages.run.what_is_there import FoundVoice
from launcher.ui.state.listening_answers import tally
from launcher.ui.widgets.elements import Button, Text, box, details, hint, para
from launcher.ui.widgets.inputs import Player
from pod_image.contract.bodies import Sample
from pod_image.contract.figures import counted

MOST_CLIPS = 20
_LETTERS = ("A", "B")


class ListeningTest:
    """`file` gives the voice on this computer, `speaker` the number of who speaks in a recording."""

    def __init__(
        self,
        shell: Shell,
        run: Run,
        view: RunView,
        found: FoundVoice,
        file: Callable[[], Awaitable[Path]],
        speaker: Callable[[Sample], int],
    ) -> None:
        self._shell, self._run, self._found = shell, run, found
        self._file, self._speaker = file, speaker
        self._clips = recordings_of(view)
        self._voice = found.sha256 or found.voice.path
        self._answers = shell.site.listening_answers
        self._typed: Text | None = None
        with details("Can you tell it from the recording?", marker="listening-test"):
            self._place = box("div", "stack-small")
        with self._place:
            self._draw_start()

    def note_typed(self, text: str) -> None:
        """What was typed and spoken: where nobody recorded it, nothing is offered to compare it with."""
        if self._typed is None:
            return
        is_recorded = any(clip.text.strip() == text.strip() for clip in self._clips)
        self._typed.text = (
            "" if is_recorded else f"There is no recording of “{text[:80]}” to compare with."
        )
        self._typed.set_visibility(not is_recorded)

    def _draw_start(self) -> None:
        self._place.clear()
        if not self._clips:
            para(
                "This run kept no recording of a sentence, so there is nothing to compare the voice with."
            )
            return
        if not can_speak_here():
            para(
                f"{counted(len(self._clips), 'recording')} could be compared with. The voice has to say the same "
                "sentences for that, which needs the extra “audio” on this computer."
            )
            return
        para(
            "You hear each sentence twice, in random order: the recording and the voice. Choose "
            "which one is the recording; then you see the answer."
        )
        self._typed = hint("")
        self._typed.set_visibility(False)
        answers = self._kept()
        with box("div", "row"):
            if len(answers) < len(self._clips):
                words = "Go on" if answers else "Start"
                Button(words, self._next, kind="primary", symbol="speak").mark("listening-start")
            if answers:
                Button("Begin again", self._again, kind="quiet", symbol="refresh")
        self._draw_tally(answers)

    def _kept(self) -> dict[str, bool]:
        known = self._answers.of(self._run.nonce, self._voice)
        clips = {clip.path for clip in self._clips}
        return {clip: answer for clip, answer in known.items() if clip in clips}

    def _draw_tally(self, answers: dict[str, bool]) -> None:
        if not answers:
            return
        found = tally(answers)
        Text("p", found.sentence, "gift-tally").mark("listening-tally")
        if found.heard == len(self._clips):
            hint(
                "Pure guessing is wrong about half of the time: the closer you are to half, the "
                "more it sounds like the recording."
            )

    def _again(self) -> None:
        self._answers.forget(self._run.nonce, self._voice)
        with self._place:
            self._draw_start()

    async def _next(self) -> None:
        clip = next((one for one in self._clips if one.path not in self._kept()), None)
        if clip is None:
            self._back()
            return
        self._place.clear()
        with self._place:
            hint("The voice says it…")
        try:
            names = await self._both(clip)
        except LauncherError as error:
            self._place.clear()
            with self._place:
                show_error(error)
                Button("Back", self._back, kind="quiet")
            self._shell.announce(on_page(error.message))
            return
        self._place.clear()
        with self._place:
            self._draw_pair(clip, names)

    def _back(self) -> None:
        with self._place:
            self._draw_start()

    async def _both(self, clip: Sample) -> tuple[str, str]:
        """Names of the recording's and the voice's sound, made alike; nothing in them tells which is which."""
        session = await self._shell.session()
        into = results_folder(session.bench, self._run)
        recording = into / self._run.run_id / clip.path
        if not recording.is_file():
            results = session.bench.results(self._run.results_repo)
            await results.download(self._run.run_id, into, exactly(clip.path))
        onnx = await self._file()
        store = self._shell.site.spoken_texts
        spoken_name, spoken = store.new()
        await speak(onnx, clip.text, spoken, Manner(speaker=self._speaker(clip)))
        (first, first_path), (second, second_path) = store.new(), store.new()
        try:
            await asyncio.to_thread(make_alike, recording, spoken, (first_path, second_path))
        finally:
            store.remove(spoken_name)
        return first, second

    def _draw_pair(self, clip: Sample, names: tuple[str, str]) -> None:
        """`names` are the recording's and the voice's; which of them is A is drawn."""
        recording, _ = names
        order = list(names)
        if secrets.randbelow(2):
            order.reverse()
        number = len(self._kept()) + 1
        para(f"Sentence {number} of {len(self._clips)}: “{clip.text}”")
        with box("div", "gift-pair"):
            for letter, name in zip(_LETTERS, order, strict=True):
                with box("div", "row"):
                    Text("strong", letter)
                    Player(self._shell.site.spoken_texts.url(name), letter, name=name)
        choice = box("div", "row")
        with choice:
            for letter in _LETTERS:
                pick = Button(
                    f"{letter} is the recording",
                    self._picked(clip, letter, _LETTERS[order.index(recording)], choice),
                )
                pick.mark(f"listening-{letter}")
        self._verdict = box("div", "stack-small", role="status")

    def _picked(
        self, clip: Sample, chosen: str, recording: str, choice: ui.element
    ) -> Callable[[], None]:
        def picked() -> None:
            is_mistaken = chosen != recording
            self._answers.note(self._run.nonce, self._voice, clip.path, is_mistaken=is_mistaken)
            choice.delete()
            voice = next(letter for letter in _LETTERS if letter != recording)
            words = "You took the voice for the recording." if is_mistaken else "Right."
            with self._verdict:
                para(f"{words} {recording} is the recording, {voice} is the voice.")
                self._draw_tally(self._kept())
                with box("div", "row"):
                    if len(self._kept()) < len(self._clips):
                        Button("Next sentence", self._next, kind="primary").mark("listening-next")
                    Button("Done", self._back, kind="quiet")

        return picked


def recordings_of(view: RunView) -> list[Sample]:
    """Recordings of the speaker that the run delivered to compare with, each with its sentence."""
    found = {
        one.body.path: one.body
        for one in view.picture.samples
        if one.body.kind == "reference" and one.body.text.strip()
    }
    return list(found.values())[:MOST_CLIPS]
