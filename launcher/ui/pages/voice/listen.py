"""Speaking: one voice or two beside each other, a text, how to speak, and what was spoken, newest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from nicegui import ui

from launcher.errors import InvalidRequest
from launcher.services.voices.speaking import MAX_CHARACTERS, Manner, SpokenText, speak, speakers_of
from launcher.ui.frame import Shell
from launcher.ui.state.spoken_texts import SpokenTexts
from launcher.ui.widgets.elements import Button, Text, box, button, card, details, hint, link, para
from launcher.ui.widgets.inputs import Field, Player, options

EXAMPLES = (
    "The quick brown fox jumps over the lazy dog.",
    "Could you please tell me when the next train leaves?",
    "It costs twelve dollars and fifty cents.",
)
_TEMPOS = {"0.8": "slow", "1": "as trained", "1.2": "quick"}
_LIVELINESS = {"0.2": "even", "0.667": "as usual", "0.9": "lively"}


class SpeakPanel:
    """`voices` are the titles of the voices on this computer, by the path of their `.onnx`."""

    def __init__(self, shell: Shell, spoken_texts: SpokenTexts, voices: Mapping[Path, str]) -> None:
        self._shell, self._spoken_texts = shell, spoken_texts
        with card("Speak"):
            with box("div", "fields"):
                self._first = _VoicePick("a", "Voice")
                self._second = _VoicePick("b", "Compare with")
                self._draw_text()
            self._draw_manner()
            with box("div", "row"):
                self._speak = Button("Speak", self._go, kind="primary", symbol="speak")
                self._speak.mark("speak")
                self._state = hint("")
        self._problem = box("div")
        with box("section", "stack-small", aria_label="What was spoken"):
            self._queue = box("div", "stack-small").mark("spoken")
        self.offer(voices)

    def offer(self, voices: Mapping[Path, str], chosen: Path | None = None) -> None:
        """Offer these voices from now on; `chosen` is the one to speak with, else what was chosen stays."""
        self._voices = {str(path): (path, title) for path, title in voices.items()}
        titles = {key: title for key, (_, title) in self._voices.items()}
        self._first.offer(titles, "" if chosen is None else str(chosen))
        self._second.offer({"": "no second voice", **titles})

    def _draw_text(self) -> None:
        with box("div", "wide stack-small"):
            self._text = Field(
                "say",
                "Text",
                kind="area",
                value=EXAMPLES[0],
                hint=f"Up to {MAX_CHARACTERS:,} characters.",
            )
            with box("div", "row"):
                for number, example in enumerate(EXAMPLES, start=1):
                    button(f"Example {number}", self._example(example), kind="quiet")

    def _draw_manner(self) -> None:
        with details("Speaking style"), box("div", "fields"):
            self._tempo = Field(
                "tempo", "Tempo", kind="select", value="1", options=options(_TEMPOS)
            )
            self._liveliness = Field(
                "liveliness",
                "Liveliness",
                kind="select",
                value="0.667",
                options=options(_LIVELINESS),
            )

    def _example(self, text: str) -> Callable[[], None]:
        return lambda: self._text.show(value=text)

    async def _go(self) -> None:
        self._speak.lock("Speaking…")
        self._state.text = "Speaking…"
        self._problem.clear()
        try:
            await self._shell.attempt(self._speak_all(), self._problem)
        finally:
            self._speak.lock(None)
            self._state.text = ""

    async def _speak_all(self) -> None:
        """Every chosen voice says the text; they stand in one row, to be heard one after the other."""
        text = str(self._text.value)
        picks = [pick for pick in (self._first, self._second) if pick.chosen]
        spoken = [await self._one(pick, text) for pick in picks]
        with self._queue:
            row = box("div", "card stack-small spoken")
            with row:
                self._draw_row(row, text, spoken)
        row.move(self._queue, target_index=0)
        seconds = sum(spoken_text.took_seconds for _, _, spoken_text in spoken)
        self._shell.announce(f"Spoken in {seconds:.1f} seconds.")

    async def _one(self, pick: _VoicePick, text: str) -> tuple[str, str, SpokenText]:
        known = self._voices.get(pick.chosen)
        if known is None:
            raise InvalidRequest("This voice is no longer on this computer.")
        name, wav = self._spoken_texts.new()
        tempo, liveliness = float(str(self._tempo.value)), float(str(self._liveliness.value))
        manner = Manner(tempo, liveliness, pick.speaker)
        return name, pick.title(known[1]), await speak(known[0], text, wav, manner)

    def _draw_row(
        self, row: ui.element, text: str, spoken: list[tuple[str, str, SpokenText]]
    ) -> None:
        with box("div", "row spread"):
            para(f"“{text}”")
            button("Remove", self._remover(row, spoken), kind="quiet", symbol="trash")
        players = []
        with box("div", "grid-2" if len(spoken) > 1 else "stack-small"):
            for name, title, spoken_text in spoken:
                players.append(_player(name, title, text, spoken_text))
        if len(players) > 1:
            names = [player.name for player in players]
            button(
                "Play one after the other",
                lambda: players[0].play_in_a_row(names),
                symbol="speak",
            )

    def _remover(
        self, row: ui.element, spoken: list[tuple[str, str, SpokenText]]
    ) -> Callable[[], None]:
        def remove() -> None:
            for name, _, _ in spoken:
                self._spoken_texts.remove(name)
            row.delete()
            self._shell.announce("Removed.")

        return remove


class _VoicePick:
    """A voice and, where it has several, its speaker."""

    def __init__(self, name: str, label: str) -> None:
        with box("div", "stack-small"):
            self._voice = Field(
                f"voice-{name}",
                label,
                kind="select",
                on_commit=lambda _: self._offer_speakers(),
            )
            self._speaker = Field(f"speaker-{name}", "Speaker", kind="select", value="0")
        self._names: dict[str, str] = {}

    def offer(self, titles: Mapping[str, str], chosen: str = "") -> None:
        """`titles` by what is chosen; what is chosen now stays where it is among them and `chosen` says nothing."""
        before = self.chosen
        wanted = chosen or (before if before in titles else next(iter(titles)))
        self._voice.show(options=options(titles), value=wanted)
        if wanted != before or not before:
            self._offer_speakers()

    @property
    def chosen(self) -> str:
        return str(self._voice.value or "")

    @property
    def speaker(self) -> int:
        return int(str(self._speaker.value)) if self._names else 0

    def title(self, voice: str) -> str:
        speaker = self._names.get(str(self.speaker), "")
        return f"{voice} · {speaker}" if speaker else voice

    def _offer_speakers(self) -> None:
        try:
            found = speakers_of(Path(self.chosen)) if self.chosen else {}
        except InvalidRequest:
            found = {}  # speaking with it says what is wrong
        self._names = {str(number): name for name, number in found.items()}
        first = next(iter(self._names), "0")
        self._speaker.show(options=options(self._names), value=first)
        self._speaker.set_visibility(bool(self._names))


def _player(name: str, title: str, text: str, spoken_text: SpokenText) -> Player:
    with box("div", "stack-small"):
        Text("strong", title)
        speed = spoken_text.seconds / max(spoken_text.took_seconds, 0.001)
        took = f"{spoken_text.seconds:.1f} s of speech in {spoken_text.took_seconds:.1f} s"
        with box("div", "row"):
            player = Player(
                f"/spoken/{name}",
                f"“{text[:60]}” by {title}",
                name=name,
                seconds=spoken_text.seconds,
            )
            download = link("Download", f"/spoken/{name}", "btn btn-quiet", symbol="download")
            download.props["download"] = f"{title.split(' · ')[-1]}.wav"
        hint(f"{took}, {speed:.0f} times as fast as real time.")
    return player
