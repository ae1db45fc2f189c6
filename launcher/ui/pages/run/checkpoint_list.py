"""The checkpoints of a run with their scores: which is the best and why, and making one of them the run's voice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import RunPicture
from launcher.domain.run_view import RunView
from launcher.domain.scores import best_score, deciding_score, why_best, written_once
from launcher.recipes import recipe_of_run
from launcher.services.voices.misheard import Misheard, clearest_step, misheard_by_step
from launcher.ui.frame import Shell
from launcher.ui.pages.run.delivered_now import DeliveredNow
from launcher.ui.pages.run.misheard_words import heard_of
from launcher.ui.pages.run.use_voice import UseVoice, can_choose_voice
from launcher.ui.widgets.elements import (
    Text,
    badge,
    box,
    button_link,
    details,
    hint,
    table,
)
from pod_image.contract.bodies import CheckpointWritten
from pod_image.contract.figures import counted
from pod_image.contract.scores import (
    DECIDING,
    WORD_ERROR_RATE,
    faults_in,
    in_order,
    kind_of,
)

SHOWN = 12
"""The newest ones; the best stands among them however old it is."""


@dataclass(frozen=True)
class Marks:
    """What is known here of a run's checkpoints beside what its training told: `misheard` by step."""

    misheard: Mapping[int, Misheard] = field(default_factory=dict)
    clearest: int | None = None
    in_use: int | None = None

    @property
    def steps(self) -> frozenset[int]:
        return frozenset(step for step in (self.clearest, self.in_use) if step is not None)


class CheckpointList:
    """Nothing until there is a checkpoint. Drawn anew only when there is another one, or the run is over."""

    def __init__(self, shell: Shell, run: Run, view: RunView, delivered: DeliveredNow) -> None:
        self._shell, self._run, self._view = shell, run, view
        self._delivered = delivered
        result = recipe_of_run(run.settings_json).shown.result
        self._speaks = result is not None and result.speaks
        self._drawn: object = None
        self._place = box("div")
        self._use = UseVoice(shell, run, delivered)

    def refresh(self, run: Run) -> None:
        self._run = run
        self._delivered.look_once(run)
        picture = self._view.picture
        kept = self._shell.site.heard_samples.of(run.nonce)
        in_use = self._delivered.step_in_use
        key = (picture.checkpoints, picture.best, run.state, in_use, kept)
        if key == self._drawn:
            return
        self._drawn = key
        self._place.clear()
        if picture.checkpoints:
            heard = heard_of(self._shell.site, run, picture.samples)
            steps = {one.step for one in picture.checkpoints}
            clearest = clearest_step(picture.samples, heard, steps)
            marks = Marks(misheard_by_step(picture.samples, heard), clearest, in_use)
            with self._place:
                self._draw(picture, marks)

    def _draw(self, picture: RunPicture, marks: Marks) -> None:
        is_over = self._run.state is RunState.ENDED
        with details(summary_of(picture), is_open=is_over, marker="checkpoints"):
            if picture.best is not None:
                hint(f"The best is step {picture.best.step:,}: {why_best(picture)}.")
            rows = shown_of(picture, marks.steps)
            names = columns_of(rows)
            if any(one.step in marks.misheard for one in rows):
                names.append(WORD_ERROR_RATE)
            columns = ("Step", *(kind_of(name).title for name in names), "Faults", "")
            numeric = range(len(names) + 1)
            with table("Checkpoints, the newest first", columns, numeric=tuple(numeric)):
                scores = [
                    kind_of(name).column(_value(one, name, marks) for one in rows) for name in names
                ]
                for number, one in enumerate(rows):
                    self._row(one, [column[number] for column in scores], picture, marks)
            if is_over and self._speaks:
                with box("div", "row"):
                    button_link("Hear them", f"/voice?run={self._run.nonce}", symbol="voice")
                    button_link("Their files", f"/runs/{self._run.nonce}?tab=files")
            elif self._speaks:
                hint(
                    "Each that is kept gets a voice of its own at the end; then one can be chosen."
                )

    def _row(
        self, one: CheckpointWritten, scores: list[str], picture: RunPicture, marks: Marks
    ) -> None:
        is_best = picture.best is not None and picture.best.step == one.step
        with box("tr"):
            with box("td", "number"):
                Text("span", f"{one.step:,}")
                if is_best:
                    badge("best", "good")
                if one.step == marks.clearest:
                    badge("fewest misheard words", "good")
            for score in scores:
                Text("td", score or "–", "number")
            Text("td", ", ".join(faults_in(one.scores)) or ("none" if one.scores else "–"))
            with box("td"):
                if can_choose_voice(self._run):
                    self._use.draw(one.step)


def _value(one: CheckpointWritten, name: str, marks: Marks) -> float | None:
    if name != WORD_ERROR_RATE:
        return one.scores.get(name)
    misheard = marks.misheard.get(one.step)
    return misheard.share if misheard is not None else None


def summary_of(picture: RunPicture) -> str:
    """Such as "5 checkpoints. Distance from the recordings: 6.42 dB at step 1,200"."""
    count = counted(len(written_once(picture.checkpoints)), "checkpoint")
    best = best_score(picture)
    return count if best is None else f"{count}. {best.sentence}, the best"


def shown_of(picture: RunPicture, also: Iterable[int] = ()) -> list[CheckpointWritten]:
    """The newest first, and the best and those of the steps `also` among them."""
    every = written_once(picture.checkpoints)[::-1]
    wanted = {*also, *([picture.best.step] if picture.best is not None else [])}
    newest = [one for number, one in enumerate(every) if number < SHOWN or one.step in wanted]
    best = picture.best
    if best is not None and all(one.step != best.step for one in newest):
        newest.append(best)
    return newest


def columns_of(rows: list[CheckpointWritten]) -> list[str]:
    """The scores that decide, as far as they were measured; without them the first there is."""
    there = {name for one in rows for name in one.scores}
    deciding = [name for name in in_order(there) if name in DECIDING]
    first = [name for one in rows if (name := deciding_score(one))][:1]
    return deciding or first
