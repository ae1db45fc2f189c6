"""Texts by ear: suggestions for clips that have none, to listen to, correct and take; and whether texts are right."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import quote

from nicegui import ui

from launcher.services import transcripts
from launcher.services.transcripts import Listening
from launcher.ui.frame import Shell, show_error
from launcher.ui.language_field import LanguageField
from launcher.ui.next_steps import on_page
from launcher.ui.state.hearings import Hearing, Work
from launcher.ui.widgets.elements import (
    Button,
    Text,
    Tone,
    badge,
    box,
    button,
    details,
    hint,
    notice,
    say,
)
from launcher.ui.widgets.inputs import Field, Player, options
from launcher.workshop.names import dataset_folder
from launcher.workshop.transcribing.accepting import Accept, Key
from launcher.workshop.transcribing.proofread import Proof
from launcher.workshop.transcribing.suggestions import Suggestion
from launcher.workshop.transcribing.transcribe import Transcribed
from pod_image.contract.figures import counted
from pod_image.contract.findings import Severity
from pod_image.hearing.models import DEFAULT_MODEL, NAMED_MODELS

ROWS = 25
NOT_HEARD_SHOWN = 5
FINDINGS_SHOWN = 20
_TONES: Mapping[Severity, Tone] = {
    Severity.ERROR: "bad",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
}
_MODELS = {
    name: f"{name} ({model.megabytes:,} MB, downloaded once)"
    for name, model in NAMED_MODELS.items()
}


class HearingStep:
    """`changed` is awaited once texts were written."""

    def __init__(self, shell: Shell, name: str, changed: Callable[[], Awaitable[None]]) -> None:
        self._shell, self._name, self._changed = shell, name, changed
        self._folder = dataset_folder(shell.site.config.datasets_folder, name)
        self._waiting: list[Suggestion] = []
        # Beyond this page: a reload loses none of it.
        self._edited: dict[Key, str] = shell.site.suggestion_edits.setdefault(name, {})
        self._page = 0
        self._is_watching = self._shows_proof = False
        with box("div", "stack-small").mark("hearing"):
            self._why = hint(
                "Whisper can suggest transcripts for clips without one. It runs on this computer and never "
                "changes your own transcripts."
            )
            with box("div", "row"):
                self._suggest = button(
                    "Suggest transcripts", self._transcribe, kind="primary", symbol="voice"
                ).mark("suggest-texts")
                button("Compare with the recordings", self._compare, kind="quiet").mark(
                    "compare-texts"
                )
            with details("Model and language"), box("div", "fields"):
                self._model = Field(
                    "hear-model", "Whisper model", kind="select", value=DEFAULT_MODEL,
                    options=options(_MODELS),
                )  # fmt: skip
                self._language = LanguageField(
                    shell, "hear-language", "Spoken language", placeholder="detected from the clips"
                )
            self._place = box("div", "stack-small").mark("heard")

    def show(self, untyped: int) -> None:
        """Offer suggestions while this many clips, if any, have no transcript."""
        for part in (self._why, self._suggest):
            part.set_visibility(untyped > 0)

    async def draw(self) -> None:
        """What is under way, or what waits to be taken; what a comparison found stays until it is acted on."""
        if self._is_watching or self._shows_proof:
            return
        hearing = self._shell.site.hearings.of(self._name)
        if hearing is not None:
            await self._watch(hearing)
        else:
            await self._show_suggestions()

    async def _transcribe(self) -> None:
        await self._start(
            lambda tell: transcripts.transcribe(
                self._folder, self._how(), load=self._shell.site.load_recogniser, progress=tell
            )
        )

    async def _compare(self) -> None:
        await self._start(
            lambda tell: transcripts.proofread_folder(
                self._folder, self._how(), load=self._shell.site.load_recogniser, progress=tell
            )
        )

    def _how(self) -> Listening:
        return Listening(self._shell.site.config, str(self._model.value), self._language.code)

    async def _start(self, work: Work) -> None:
        hearings = self._shell.site.hearings
        hearings.forget(self._name)
        await self._watch(hearings.start(self._name, work))

    async def _watch(self, hearing: Hearing) -> None:
        """Progress until it is over, whoever started it."""
        self._is_watching, self._shows_proof = True, False
        self._place.clear()
        with self._place:
            words = Text("p", "Looking at the clips…", "hint")
            words.props["role"] = "status"
            bar = box("progress", aria_label="Clips transcribed", max="100", value="0")
            button("Stop", hearing.stop, kind="quiet").mark("stop-hearing")
            timer = ui.timer(0.5, lambda: _show_progress(hearing, words, bar))
        try:
            await hearing.ended()
        finally:
            timer.cancel()
            self._is_watching = False
        self._shell.site.hearings.forget(self._name)
        if isinstance(hearing.result, Proof):
            self._show_proof(hearing.result)
            return
        await self._show_suggestions(hearing)

    async def _show_suggestions(self, hearing: Hearing | None = None) -> None:
        found = await transcripts.suggestions(self._folder)
        self._waiting = [each for each in found if not each.why_not]
        self._place.clear()
        with self._place:
            if hearing is not None and hearing.error is not None:
                show_error(hearing.error)
            elif hearing is not None and isinstance(hearing.result, Transcribed):
                self._shell.announce(f"{counted(hearing.result.heard, 'clip')} transcribed.")
            _show_not_heard([each for each in found if each.why_not])
            if self._waiting:
                self._list()

    def _list(self) -> None:
        sure = sum(each.is_sure for each in self._waiting)
        say(
            "note",
            f"{counted(len(self._waiting), 'suggestion')}, {sure:,} without uncertain words",
            "Listen, correct and accept. Uncertain words are marked: check those first.",
        )
        with box("div", "row"):
            if sure:
                words = (
                    "Accept the certain one" if sure == 1 else f"Accept the {sure:,} certain ones"
                )
                button(words, self._taker(Accept.SURE), kind="primary").mark("take-sure")
            button(
                f"Accept all {len(self._waiting):,}", self._taker(Accept.ALL), kind="quiet"
            ).mark("take-all")
        self._rows = box("div", "clip-rows").mark("suggestions")
        with box("div", "row").mark("turn-suggestions") as turning:
            self._before = Button("Previous page", lambda: self._turn(-1), kind="quiet")
            self._after = Button("Next page", lambda: self._turn(1), kind="quiet")
        turning.set_visibility(len(self._waiting) > ROWS)
        self._turn(0)

    def _turn(self, by: int) -> None:
        pages = max(1, -(-len(self._waiting) // ROWS))
        self._page = min(max(0, self._page + by), pages - 1)
        self._before.lock(None if self._page else "This is the first page.")
        self._after.lock(None if self._page < pages - 1 else "This is the last page.")
        self._rows.clear()
        with self._rows:
            for each in self._waiting[self._page * ROWS : (self._page + 1) * ROWS]:
                self._row(each)

    def _row(self, each: Suggestion) -> None:
        short = each.file.rsplit("/", 1)[-1]
        label = short if each.start is None else f"{short} at {each.start:.1f} s"
        with box("div", "clip-row"):
            with box("div", "clip-head"):
                Player(
                    f"/clips/{quote(self._name)}/{quote(each.file)}{_part(each)}",
                    label,
                    name=label,
                    seconds=None
                    if each.end is None or each.start is None
                    else each.end - each.start,
                )
                Text("span", label, "mono small soft")
                Text("span", f"{each.confidence:.0%} certain", "small soft")
            with box("div", "stack-small"):
                Field(
                    f"suggestion-{label}",
                    f"Transcript of {label}",
                    value=self._edited.get(each.key, each.text),
                    on_commit=functools.partial(self._edit, each.key),
                ).classes("clip-text")
                if not each.is_sure:
                    _unsure(each)
            button("Accept", functools.partial(self._take, each), name=f"Accept {label}")

    def _edit(self, key: Key, text: object) -> None:
        self._edited[key] = str(text or "")

    async def _take(self, each: Suggestion) -> None:
        await self._accept(None, {each.key: self._edited.get(each.key, each.text)})

    def _taker(self, which: Accept) -> Callable[[], Awaitable[None]]:
        async def take() -> None:
            await self._accept(which, self._edited)

        return take

    async def _accept(self, which: Accept | None, chosen: Mapping[Key, str]) -> None:
        accepted = await self._shell.attempt(
            transcripts.accept(self._folder, which, chosen), self._place
        )
        if accepted is not None:
            left = {each.key for each in await transcripts.suggestions(self._folder)}
            for key in self._edited.keys() - left:
                del self._edited[key]
            self._shell.announce(f"{counted(accepted.texts, 'text')} written.")
            await self._changed()

    def _show_proof(self, proof: Proof) -> None:
        self._shows_proof = True
        self._place.clear()
        compared = f"{proof.compared:,} of {counted(proof.rows, 'transcript')} compared with the recordings"
        self._shell.announce(f"{compared}, {counted(len(proof.wrong), 'finding')}.")
        with self._place:
            if not proof.findings:
                tone: Tone = "good" if proof.compared else "warning"
                say(tone, proof.no_findings_sentence, f"{compared}.")
            else:
                hint(f"{compared}.")
            for each in proof.findings[:FINDINGS_SHOWN]:
                with notice(_TONES[each.severity], on_page(each.message)):
                    if each.place:
                        badge(each.place)
                    hint(on_page(each.hint))
            if len(proof.findings) > FINDINGS_SHOWN:
                hint(f"And {len(proof.findings) - FINDINGS_SHOWN:,} more.")
            _show_left_out(proof.left_out)
            if proof.moves:
                button(
                    "Move the transcripts", functools.partial(self._move, proof), kind="primary"
                ).mark("move-texts")

    async def _move(self, proof: Proof) -> None:
        repaired = await self._shell.attempt(
            transcripts.move_texts(self._folder, proof.moves), self._place
        )
        if repaired is None:
            return
        self._shows_proof = False
        self._place.clear()
        with (
            self._place,
            notice(
                "good",
                f"{counted(repaired.moved, 'transcript moved to its clip', 'transcripts moved to their clips')}.",
            ),
        ):
            button("Undo", self._undo, kind="quiet").mark("undo-move")
            button("Show the clips", self._changed, kind="quiet").mark("show-moved")

    async def _undo(self) -> None:
        if await self._shell.attempt(transcripts.undo(self._folder), self._place) is not None:
            await self._changed()


def _part(each: Suggestion) -> str:
    """Of a long recording the browser plays the part alone."""
    return "" if each.start is None or each.end is None else f"#t={each.start:.2f},{each.end:.2f}"


def _unsure(each: Suggestion) -> None:
    with box("p", "small heard-words"):
        Text("span", "Uncertain: ", "soft")
        for word in each.words:
            if word.is_sure:
                Text("span", f"{word.text} ")
                continue
            Text("mark", word.text)
            Text("span", " ")  # beside the mark: within it, it would be underlined


def _show_progress(hearing: Hearing, words: Text, bar: ui.element) -> None:
    if not hearing.stage:
        return
    words.text = f"{hearing.stage}: {hearing.done:,} of {hearing.of:,}"
    bar.props["value"] = f"{100 * hearing.done / max(1, hearing.of):.0f}"
    bar.update()


def _show_left_out(left_out: Sequence[str]) -> None:
    if not left_out:
        return
    with notice("warning", f"{counted(len(left_out), 'transcript')} could not be compared"):
        for each in left_out[:NOT_HEARD_SHOWN]:
            hint(each)
        if len(left_out) > NOT_HEARD_SHOWN:
            hint(f"And {len(left_out) - NOT_HEARD_SHOWN:,} more.")


def _show_not_heard(found: Sequence[Suggestion]) -> None:
    if not found:
        return
    with notice("warning", f"{counted(len(found), 'clip')} not understood"):
        for each in found[:NOT_HEARD_SHOWN]:
            hint(f"{each.file}: {each.why_not}")
        if len(found) > NOT_HEARD_SHOWN:
            hint(f"And {len(found) - NOT_HEARD_SHOWN:,} more.")
