"""Misheard words on a run's page: a recogniser listens to its samples on this computer, once somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui

from launcher.domain.run import Run
from launcher.services.transcripts import Listening
from launcher.services.voices.hearing_samples import (
    INSTALL,
    HeardNow,
    can_hear_here,
    hear_samples,
    is_to_hear,
    misheard_in,
    not_heard_yet,
)
from launcher.services.voices.misheard import Misheard
from launcher.ui.frame import Shell, in_background, show_error
from launcher.ui.next_steps import on_page
from launcher.ui.state.hearings import Hearing, Tell
from launcher.ui.state.site import Site
from launcher.ui.widgets.copyable import copyable
from launcher.ui.widgets.elements import (
    Button,
    Text,
    box,
    button,
    card,
    details,
    hint,
    notice,
)
from launcher.ui.widgets.inputs import Field, options
from pod_image.contract.bodies import Sample
from pod_image.contract.events import Stamped
from pod_image.contract.figures import counted
from pod_image.contract.next_steps import Said
from pod_image.hearing.models import DEFAULT_MODEL, NAMED_MODELS

SLIPS_SHOWN = 6
_MODELS = {
    name: f"{name} ({model.megabytes:,} MB, downloaded once)"
    for name, model in NAMED_MODELS.items()
}


class MisheardCard:
    """`shown` gives the samples that the page shows and that can be fetched. `refresh` is called again and again."""

    def __init__(
        self, shell: Shell, run: Run, shown: Callable[[], Sequence[Stamped[Sample]]]
    ) -> None:
        self._shell, self._run, self._shown = shell, run, shown
        self._drawn: object = None
        with card("Misheard words") as self._card:
            self._card.mark("misheard")
            hint(
                "Whisper, a speech recogniser, listens to the samples. The words that it hears differently are shown "
                "below each sample. It runs on this computer and costs nothing."
            )
            if not self._can_hear:
                _draw_missing_extra()
                return
            with box("div", "row"):
                self._button = Button("Find misheard words", self._start, symbol="voice")
                self._button.mark("hear-samples")
                self._sum = hint("")
                self._sum.props["role"] = "status"
            with details("Which model"):
                self._model = Field(
                    "sample-model", "Whisper model", kind="select", value=self._kept_model(),
                    options=options(_MODELS), is_draft=False,
                )  # fmt: skip
            self._place = box("div", "stack-small")
        under_way = shell.site.hearings.of(self._key)
        if under_way is not None:
            in_background(self._watch(under_way), "the samples that are heard")

    @property
    def _can_hear(self) -> bool:
        return self._shell.site.load_recogniser is not None or can_hear_here()

    @property
    def _key(self) -> str:
        # A dataset's name has no colon: the two cannot meet.
        return f"run:{self._run.nonce}"

    def _kept_model(self) -> str:
        model = self._shell.site.heard_samples.of(self._run.nonce).model
        return model if model in _MODELS else DEFAULT_MODEL

    def refresh(self, run: Run) -> None:
        self._run = run
        shown = [one for one in self._shown() if is_to_hear(one)]
        self._card.set_visibility(bool(shown) or not self._can_hear)
        if not self._can_hear:
            return
        kept = self._shell.site.heard_samples.of(run.nonce)
        model = str(self._model.value)
        hearing = self._shell.site.hearings.of(self._key)
        is_hearing = hearing is not None and not hearing.is_over
        key = (tuple(one.seq for one in shown), kept, model, is_hearing)
        if key == self._drawn:
            return
        self._drawn = key
        waiting = not_heard_yet(shown, kept, model)
        if is_hearing:
            self._button.lock("The samples are being listened to.")
        else:
            self._button.lock(None if waiting else "This model has listened to every sample shown.")
        self._sum.text = sum_text(list(misheard_in(shown, kept).values()), kept.model, len(waiting))

    async def _start(self) -> None:
        session, site = await self._shell.session(), self._shell.site
        how = Listening(site.config, str(self._model.value))
        samples, run = list(self._shown()), self._run

        async def work(tell: Tell) -> HeardNow:
            return await hear_samples(
                session.bench, run, samples, how, site.heard_samples,
                load=site.load_recogniser, progress=tell,
            )  # fmt: skip

        site.hearings.forget(self._key)
        await self._watch(site.hearings.start(self._key, work))

    async def _watch(self, hearing: Hearing) -> None:
        """How far it is, whoever started it, until it is over; then what could not be heard."""
        self._place.clear()
        with self._place, box("div", "row"):
            words = Text("p", "Getting ready…", "hint")
            words.props["role"] = "status"
            button("Stop", hearing.stop, kind="quiet").mark("stop-hearing-samples")
            timer = ui.timer(0.5, lambda: _show_progress(hearing, words))
        try:
            await hearing.ended()
        finally:
            timer.cancel()
        self._shell.site.hearings.forget(self._key)
        self._place.clear()
        with self._place:
            if hearing.error is not None:
                show_error(hearing.error)
            elif isinstance(hearing.result, HeardNow):
                self._shell.announce(f"Listened to {counted(hearing.result.heard, 'sample')}.")
                _show_left_out(hearing.result.left_out)


def heard_of(site: Site, run: Run, samples: Sequence[Stamped[Sample]]) -> dict[int, Misheard]:
    """What is kept of these samples, by their `seq`."""
    return misheard_in(samples, site.heard_samples.of(run.nonce))


def show_misheard(found: Misheard | None) -> None:
    """Below a sample; nothing where it was not listened to."""
    if found is not None:
        Text("p", misheard_text(found), "small soft misheard")


def misheard_text(found: Misheard) -> str:
    """Such as "2 of 9 words misheard: “boat” heard as “vote”"."""
    if not found.errors:
        return "Every word heard"
    shown = [slip.sentence for slip in found.slips[:SLIPS_SHOWN]]
    more = len(found.slips) - len(shown)
    if more:
        shown.append(f"and {more} more")
    return f"{found.errors} of {counted(found.words, 'word')} misheard: {'; '.join(shown)}"


def sum_text(heard: Sequence[Misheard], model: str, waiting: int) -> str:
    """All that was heard together, and how many samples are not heard yet."""
    words, errors = sum(one.words for one in heard), sum(one.errors for one in heard)
    parts = []
    if heard:
        parts.append(
            f"{errors} of {counted(words, 'word')} misheard in {counted(len(heard), 'sample')} "
            f"(model {model})."
        )
        parts.append(
            f"{counted(waiting, 'sample')} not heard yet."
            if waiting
            else "Every sample shown was listened to."
        )
    return " ".join(parts)


def _draw_missing_extra() -> None:
    with notice(
        "note",
        "Finding misheard words needs the extra “transcribe”",
        "Install it, and start this program again.",
    ):
        copyable(INSTALL)


def _show_progress(hearing: Hearing, words: Text) -> None:
    if hearing.stage:
        words.text = f"{hearing.stage}: {hearing.done:,} of {hearing.of:,}"


def _show_left_out(left_out: Sequence[Said]) -> None:
    if not left_out:
        return
    with notice("warning", f"{counted(len(left_out), 'sample')} could not be listened to"):
        for each in left_out[:SLIPS_SHOWN]:
            hint(on_page(each))
        if len(left_out) > SLIPS_SHOWN:
            hint(f"And {len(left_out) - SLIPS_SHOWN:,} more.")
