"""Try the voice: pick one or two, type, hear; spoken on this computer by the Piper runtime."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse

from launcher.domain.run import Run
from launcher.errors import LauncherError
from launcher.services.speaking import MAX_CHARACTERS, Manner, Take, speak
from launcher.services.voices import Voice, fetch_voice, local_voices, voices_of_run
from launcher.ui.frame import Shell, page, show_error
from launcher.ui.parts.elements import (
    Button,
    Text,
    box,
    button,
    button_link,
    card,
    details,
    empty_state,
    heading,
    hint,
    link,
    para,
    say,
    waiting,
)
from launcher.ui.parts.inputs import Field, Player, options
from launcher.ui.site import Site

EXAMPLES = (
    "The quick brown fox jumps over the lazy dog.",
    "Could you please tell me when the next train leaves?",
    "It costs twelve dollars and fifty cents.",
)
TAKES_KEPT = 30


@dataclass
class Takes:
    """Recordings spoken in this session of the program, by name; older ones are removed."""

    folder: Path
    files: dict[str, Path]

    def new(self) -> tuple[str, Path]:
        name = secrets.token_hex(8)
        path = self.folder / f"{name}.wav"
        self.files[name] = path
        while len(self.files) > TAKES_KEPT:
            oldest = next(iter(self.files))
            self.files.pop(oldest).unlink(missing_ok=True)
        return name, path


def register(site: Site, outer: FastAPI) -> None:
    takes = Takes(Path(mkdtemp(prefix="launcher-takes-")), {})

    async def take(name: str) -> FileResponse:
        path = takes.files.get(name)
        if path is None or not path.is_file():
            raise HTTPException(404, "There is no such recording any more.")
        return FileResponse(path, media_type="audio/wav", filename=f"{name}.wav")

    outer.get("/takes/{name}", response_class=FileResponse)(take)

    async def build(shell: Shell, run: str = "") -> None:
        await _VoicePage(shell, takes).draw(run)

    page(
        site,
        "/voice",
        "Try the voice",
        build,
        lead="Spoken on this computer, free of charge, with the same runtime that Home Assistant uses.",
    )


class _VoicePage:
    def __init__(self, shell: Shell, takes: Takes) -> None:
        self._shell, self._takes = shell, takes
        self._root = shell.site.config.results_folder

    async def draw(self, nonce: str) -> None:
        run = self._shell.site.history.by_nonce(nonce) if nonce else None
        self._fetch_place = box("div", "stack-small")
        if run is not None:
            await self._offer(run)
        self._body = box("div", "stack")
        self._draw_body()

    def _draw_body(self) -> None:
        self._body.clear()
        voices = local_voices(self._root)
        with self._body:
            if voices:
                self._studio(voices)
            self._more(has_voices=bool(voices))

    def _studio(self, voices: list[Path]) -> None:
        titles = {str(path): self._title(path) for path in voices}
        with card("Speak"):
            with box("div", "fields"):
                self._first = Field(
                    "voice-a", "Voice", kind="select", value=str(voices[0]), options=options(titles)
                )
                self._second = Field(
                    "voice-b",
                    "Beside it",
                    kind="select",
                    value="",
                    options=options({"": "no second voice", **titles}),
                )
                with box("div", "wide"):
                    self._text = Field(
                        "say",
                        "Text",
                        kind="area",
                        value=EXAMPLES[0],
                        hint=f"Up to {MAX_CHARACTERS:,} letters.",
                    )
            with box("div", "row"):
                for number, example in enumerate(EXAMPLES, start=1):
                    button(f"Example {number}", self._example(example), kind="quiet")
            with details("How to speak"), box("div", "fields"):
                self._tempo = Field(
                    "tempo",
                    "Tempo",
                    kind="select",
                    value="1",
                    options=options({"0.8": "slow", "1": "as trained", "1.2": "quick"}),
                )
                self._liveliness = Field(
                    "liveliness",
                    "Liveliness",
                    kind="select",
                    value="0.667",
                    options=options({"0.2": "even", "0.667": "as usual", "0.9": "lively"}),
                )
            with box("div", "row"):
                self._speak = Button("Speak", self._go, kind="primary", symbol="speak").mark(
                    "speak"
                )
                self._state = hint("")
        self._problem = box("div")
        with box("section", "stack-small", aria_label="What was spoken"):
            self._queue = box("div", "stack-small").mark("takes")

    def _example(self, text: str) -> Callable[[], None]:
        return lambda: self._text.show(value=text)

    def _title(self, path: Path) -> str:
        """Such as "me/voice · run-01 · en_US-anna-medium"."""
        parts = path.relative_to(self._root).parts
        step = next((part for part in parts[:-1] if part.startswith("step-")), "")
        return " · ".join(part for part in ("/".join(parts[:2]), parts[2], step, path.stem) if part)

    async def _go(self) -> None:
        chosen = [str(self._first.value), str(self._second.value)]
        self._speak.lock("It is being spoken.")
        self._state.text = "Speaking…"
        self._problem.clear()
        try:
            for path in [one for one in chosen if one]:
                await self._one(Path(path))
        except LauncherError as error:
            with self._problem:
                show_error(error)
        finally:
            self._speak.lock(None)
            self._state.text = ""

    async def _one(self, onnx: Path) -> None:
        name, wav = self._takes.new()
        text = str(self._text.value)
        manner = Manner(float(str(self._tempo.value)), float(str(self._liveliness.value)))
        take = await speak(onnx, text, wav, manner)
        with self._queue:
            row = box("div", "card take")
            with row:
                self._take(name, onnx, text, take)
        row.move(self._queue, target_index=0)
        self._shell.announce(f"Spoken in {take.took_seconds:.1f} seconds.")

    def _take(self, name: str, onnx: Path, text: str, take: Take) -> None:
        with box("div", "row spread"):
            with box("div"):
                Text("strong", self._title(onnx))
                para(f"“{text}”")
                speed = take.seconds / max(take.took_seconds, 0.001)
                hint(f"{take.seconds:.1f} s of speech in {take.took_seconds:.1f} s ({speed:.0f}x).")
            with box("div", "row"):
                Player(f"/takes/{name}", f"“{text[:60]}”", name=name, seconds=take.seconds)
                download = link("Download", f"/takes/{name}", "btn btn-quiet", symbol="download")
                download.props["download"] = f"{onnx.stem}.wav"

    async def _offer(self, run: Run) -> None:
        """Voices of a run that are not on this computer yet."""
        self._fetch_place.clear()
        with self._fetch_place:
            waiting(f"Looking for the voices of {run.run_id}…", rows=1)
        session = await self._shell.session()
        found: list[Voice] | None = await self._shell.attempt(
            voices_of_run(session.bench, run), self._fetch_place
        )
        if found is None:
            return
        self._fetch_place.clear()
        folder = self._root / run.results_repo / run.run_id
        absent = [one for one in found if not (folder / one.path).is_file()]
        with self._fetch_place:
            if not found:
                say(
                    "note", f"{run.run_id} has delivered no voice.", "It comes at the end of a run."
                )
            for voice in absent:
                with card(classes="row spread"):
                    Text("p", f"{run.run_id}: {voice.title} ({voice.name})")
                    self._fetch_button(run, voice)

    def _fetch_button(self, run: Run, voice: Voice) -> None:
        place = box("div")

        async def bring() -> None:
            place.clear()
            with place:
                waiting("Fetching…", rows=0)
            session = await self._shell.session()
            got = await self._shell.attempt(fetch_voice(session.bench, run, voice), place)
            if got is not None:
                await self._offer(run)
                self._draw_body()
                self._shell.announce(f"{voice.name} is on this computer now.")

        button("Bring it here", bring, kind="primary", symbol="download").mark("bring")

    def _more(self, *, has_voices: bool) -> None:
        runs = [
            run
            for run in self._shell.site.history.runs()
            if run.end_reason is not None and run.end_reason.delivers
        ]
        if not runs:
            if not has_voices:
                with empty_state("No voice yet", "Train one first; it can be tried here."):
                    button_link("Train a voice", "/train", primary=True, symbol="train")
            return
        with card("Voices of your runs"):
            if not has_voices:
                heading(3, "Bring one to this computer to hear it")
            with box("ul", "steps"):
                for run in runs[:10]:
                    with box("li", "step"):
                        with box("div", "step-body"):
                            Text("strong", run.run_id)
                            hint(run.results_repo)
                        with box("div", "step-side"):
                            found = button_link("Voices", f"/voice?run={run.nonce}")
                            found.props["aria-label"] = f"Voices of {run.run_id}"
