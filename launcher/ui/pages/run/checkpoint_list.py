"""The checkpoints of a run with their scores: which is the best and why, and making one of them the run's voice."""

from __future__ import annotations

from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import RunPicture
from launcher.domain.run_view import RunView
from launcher.domain.scores import best_score, deciding_score, why_best, written_once
from launcher.errors import LauncherError
from launcher.recipes import recipe_of_run
from launcher.services.voices.delivered import chosen_voice, use_voice, voices_of_run
from launcher.ui.frame import Shell, show_error
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import (
    Text,
    badge,
    box,
    button,
    button_link,
    details,
    hint,
    para,
    say,
    table,
)
from pod_image.contract.bodies import CheckpointWritten
from pod_image.contract.figures import counted
from pod_image.contract.scores import DECIDING, faults_in, in_order, kind_of

SHOWN = 12
"""The newest ones; the best stands among them however old it is."""


class CheckpointList:
    """Nothing until there is a checkpoint. Drawn anew only when there is another one, or the run is over."""

    def __init__(self, shell: Shell, run: Run, view: RunView) -> None:
        self._shell, self._run, self._view = shell, run, view
        result = recipe_of_run(run.settings_json).shown.result
        self._speaks = result is not None and result.speaks
        self._drawn: object = None
        self._step = 0
        self._place = box("div")
        self._dialog = Dialog("Make this the voice of the run?")
        with self._dialog.body:
            self._question = para("")
            self._answer = box("div")
        with self._dialog.actions:
            button("Leave it as it is", self._dialog.hide)
            self._really = button("Use this one", self._use, kind="primary").mark("really-use")

    def refresh(self, run: Run) -> None:
        self._run = run
        picture = self._view.picture
        key = (picture.checkpoints, picture.best, run.state)
        if key == self._drawn:
            return
        self._drawn = key
        self._place.clear()
        if picture.checkpoints:
            with self._place:
                self._draw(picture)

    def _draw(self, picture: RunPicture) -> None:
        is_over = self._run.state is RunState.ENDED
        with details(summary_of(picture), is_open=is_over, marker="checkpoints"):
            if picture.best is not None:
                hint(f"The best is step {picture.best.step:,}: {why_best(picture)}.")
            rows = shown_of(picture)
            names = columns_of(rows)
            columns = ("Step", *(kind_of(name).title for name in names), "Faults", "")
            numeric = range(len(names) + 1)
            with table("Checkpoints, the newest first", columns, numeric=tuple(numeric)):
                for one in rows:
                    self._row(one, names, picture, is_over=is_over)
            if is_over and self._speaks:
                with box("div", "row"):
                    button_link("Hear them", f"/voice?run={self._run.nonce}", symbol="voice")
                    button_link("Their files", f"/runs/{self._run.nonce}?tab=files")
            elif self._speaks:
                hint(
                    "Each that is kept gets a voice of its own at the end; then one can be chosen."
                )

    def _row(
        self, one: CheckpointWritten, names: list[str], picture: RunPicture, *, is_over: bool
    ) -> None:
        is_best = picture.best is not None and picture.best.step == one.step
        with box("tr"):
            with box("td", "number"):
                Text("span", f"{one.step:,}")
                if is_best:
                    badge("best", "good")
            for name in names:
                value = one.scores.get(name)
                Text("td", "–" if value is None else kind_of(name).text(value), "number")
            Text("td", ", ".join(faults_in(one.scores)) or ("none" if one.scores else "–"))
            with box("td"):
                if is_over and self._speaks:
                    step = one.step
                    button(
                        "Use this one",
                        lambda: self._ask(step),
                        kind="quiet",
                        name=f"Use this one: step {step:,}",
                    ).mark(f"use-{step}")

    def _ask(self, step: int) -> None:
        self._step = step
        self._answer.clear()
        self._really.lock(None)
        self._question.text = (
            f"The voice of step {step:,} becomes the voice of {self._run.run_id} in {self._run.results_repo}. One "
            "that is there now stays in the history of the repo, and beside its own checkpoint where that can be told."
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
        finally:
            self._really.lock(None)


def summary_of(picture: RunPicture) -> str:
    """Such as "5 checkpoints. Distance from the recordings: 6.42 dB at step 1,200"."""
    count = counted(len(written_once(picture.checkpoints)), "checkpoint")
    best = best_score(picture)
    return count if best is None else f"{count}. {best.sentence}, the best"


def shown_of(picture: RunPicture) -> list[CheckpointWritten]:
    """The newest first, and the best among them."""
    newest = written_once(picture.checkpoints)[::-1][:SHOWN]
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
