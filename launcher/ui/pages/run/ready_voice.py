"""A finished voice on its run's page: hear it, have it say something, take it along, use it elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nicegui import ui

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.errors import LauncherError
from launcher.services.voices.delivered import fetch_description, fetch_voice, local_path
from launcher.services.voices.packing import zip_voice
from launcher.services.voices.programs import Program, programs
from launcher.services.voices.speaking import (
    INSTALL,
    MAX_CHARACTERS,
    Manner,
    can_speak_here,
    speak,
)
from launcher.services.voices.voice_description import DescribedVoice, described_voice
from launcher.ui.frame import Shell, in_background
from launcher.ui.pages.run.listening_test import ListeningTest
from launcher.ui.pages.run.private_repo import show_or_ask
from launcher.ui.pages.run.what_is_there import FoundVoice
from launcher.ui.widgets.copyable import copyable
from launcher.ui.widgets.elements import (
    Button,
    Text,
    box,
    details,
    heading,
    hint,
    link,
    notice,
    para,
)
from launcher.ui.widgets.inputs import Field, Player, options
from launcher.ui.widgets.one_sample import show_sample
from pod_image.contract.bodies import Sample
from pod_image.contract.events import Stamped
from pod_image.contract.figures import size

SAMPLES_SHOWN = 3
WITH_A_TOKEN = (
    "The voice can be spoken with and downloaded with the Hugging Face token that may read it."
)
FIRST_WORDS = "Hello, this is the voice that you made."


class VoiceGift:
    """The voice's file comes to this computer when it is first needed, and not before."""

    def __init__(self, shell: Shell, run: Run, view: RunView, found: FoundVoice) -> None:
        self._shell, self._run, self._view, self._found = shell, run, view, found
        self._described: DescribedVoice | None = None
        self._samples()
        with box("div", "gift-say stack-small"):
            heading(3, "Have it say something")
            self._say_place = box("div", "stack-small")
        with self._say_place:
            self._draw_say()
        self._test = ListeningTest(shell, run, view, found, self.file, self._speaker_of)
        with box("div", "stack-small"):
            heading(3, "Take it along")
            self._draw_download()
            self._programs_place = box("div", "stack-small")
        in_background(self._describe(), "what the voice is")

    # --- what is there to hear already

    def _samples(self) -> None:
        spoken = samples_of(self._view.picture.samples, self._found.step)
        if not spoken:
            return
        step = spoken[0].body.step
        with box("div", "stack-small"):
            heading(3, "Hear it")
            if self._found.step is not None and step != self._found.step:
                hint(f"These are of step {step:,}, the nearest that it spoke at.")
            with box("ul", "gift-samples"):
                for sample in spoken[:SAMPLES_SHOWN]:
                    with box("li"):
                        show_sample(self._run, sample, f"“{sample.body.text}”")
                        Text("span", f"“{sample.body.text}”")

    # --- speaking here

    def _draw_say(self) -> None:
        if not can_speak_here():
            self._draw_missing_extra()
            return
        self._text = Field(
            "gift-text",
            "A sentence",
            kind="area",
            value=FIRST_WORDS,
            hint=f"Spoken on this computer, free of charge. Up to {MAX_CHARACTERS:,} letters.",
        )
        self._speaker_field = Field("gift-speaker", "Speaker", kind="select", value="0")
        self._speaker_field.set_visibility(False)
        with box("div", "row"):
            self._speak = Button("Speak", self._go, kind="primary", symbol="speak")
            self._speak.mark("gift-speak")
            self._state = hint("")
        self._problem = box("div")
        self._spoken = box("ul", "gift-samples").mark("gift-spoken")

    def _draw_missing_extra(self) -> None:
        with notice(
            "note",
            "Speaking on this computer needs the extra “audio”",
            "Install it, and start this program again. Until then the samples above are what it says, and other "
            "programs speak with it.",
        ):
            copyable(INSTALL)

    @property
    def _speaker(self) -> int:
        field = getattr(self, "_speaker_field", None)
        return int(str(field.value or 0)) if field is not None else 0

    def _speaker_of(self, clip: Sample) -> int:
        """Who speaks in a recording; where that is not said, the speaker that was chosen."""
        known = self._described.speakers if self._described is not None else {}
        return known.get(clip.speaker or "", self._speaker)

    async def file(self) -> Path:
        """The voice on this computer, brought here if need be. Raises LauncherError."""
        session = await self._shell.session()
        try:
            return await fetch_voice(session.bench, self._run, self._found.voice)
        except LauncherError:
            here = local_path(session.bench, self._run, self._found.voice)
            if here is None:
                raise
            return here

    async def _go(self) -> None:
        self._speak.lock("It is being spoken.")
        self._problem.clear()
        try:
            await self._shell.attempt(self._say_it(str(self._text.value)), self._problem)
        finally:
            self._speak.lock(None)
            self._state.text = ""

    async def _say_it(self, text: str) -> None:
        self._state.text = f"Fetching the voice, {size(self._found.size_bytes)}…"
        onnx = await self.file()
        self._state.text = "Speaking…"
        store = self._shell.site.spoken_texts
        name, wav = store.new()
        found = await speak(onnx, text, wav, Manner(speaker=self._speaker))
        with self._spoken:
            row = box("li")
            with row:
                Player(store.url(name), f"“{text[:60]}”", name=name, seconds=found.seconds)
                Text("span", f"“{text}”")
        row.move(self._spoken, target_index=0)
        self._test.note_typed(text)
        self._shell.announce(f"Spoken in {found.took_seconds:.1f} seconds.")

    # --- taking it along

    def _draw_download(self) -> None:
        para(
            "One zip with the voice, its description, the list of symbols that sherpa-onnx asks for, and these steps."
        )
        with box("div", "row"):
            self._download = Button("Download the voice", self._zip, symbol="download")
            self._download.mark("gift-download")
            self._download_state = hint("")
            self._made = box("span")
        self._download_problem = box("div")

    async def _zip(self) -> None:
        self._download.lock("The zip is being made.")
        self._download_problem.clear()
        try:
            await self._shell.attempt(self._pack(), self._download_problem)
        finally:
            self._download.lock(None)
            self._download_state.text = ""

    async def _pack(self) -> None:
        self._download_state.text = f"Fetching the voice, {size(self._found.size_bytes)}…"
        onnx = await self.file()
        self._download_state.text = "Packing…"
        store = self._shell.site.spoken_texts
        name, bundle = store.new("zip")
        await zip_voice(onnx, bundle)
        self._offer(store.url(name), f"{onnx.stem}.zip", bundle.stat().st_size)

    def _offer(self, url: str, name: str, size_bytes: int) -> None:
        """The browser takes it by itself; where it was told not to, there is the link."""
        self._made.clear()
        with self._made:
            found = link(f"{name}, {size(size_bytes)}", url, symbol="download")
            found.props["download"] = name
        ui.download.from_url(url, name)
        self._shell.announce(f"{name} is ready.")

    async def _describe(self) -> None:
        """Speakers, language and the steps for programs: from the small file beside the voice."""
        session = await self._shell.session()
        here = local_path(session.bench, self._run, self._found.voice)
        try:
            onnx = here or await fetch_description(session.bench, self._run, self._found.voice)
            self._described = described_voice(onnx)
        except LauncherError as error:
            with self._programs_place:
                show_or_ask(session, self._run, error, WITH_A_TOKEN)
            return
        self._offer_speakers(self._described)
        with self._programs_place:
            for program in programs(self._described):
                draw_program(program)

    def _offer_speakers(self, described: DescribedVoice) -> None:
        field = getattr(self, "_speaker_field", None)
        if field is None or described.speaker_count < 2:
            return
        named = {str(number): name for name, number in described.speakers.items()}
        if not named:
            named = {str(number): f"Speaker {number}" for number in range(described.speaker_count)}
        field.show(options=options(named), value=next(iter(named)))
        field.set_visibility(True)


def samples_of(samples: Sequence[Stamped[Sample]], step: int | None) -> list[Stamped[Sample]]:
    """What was said at that step, or at the nearest one before it that spoke; of each sentence the last."""
    spoken = [
        one for one in samples if one.body.kind == "sample" and one.body.media in (None, "audio")
    ]
    steps = {one.body.step for one in spoken}
    before = {each for each in steps if step is None or each <= step}
    if not steps:
        return []
    chosen = max(before) if before else min(steps)
    return list({one.body.text: one for one in spoken if one.body.step == chosen}.values())


def draw_program(program: Program) -> None:
    """Numbered steps with commands to copy."""
    with details(f"Use it with {program.title}", marker=f"use-{program.key}"):
        hint(f"It needs {program.files}, which are in the zip.")
        with box("ol", "prose gift-steps"):
            for step in program.steps:
                with box("li"):
                    Text("span", step.text)
                    if step.command:
                        copyable(step.command)
