"""What the scores of a run's checkpoints say: which is the best, by which score, and why. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from launcher.domain.run_picture import RunPicture
from pod_image.contract.bodies import CheckpointWritten
from pod_image.contract.figures import counted
from pod_image.contract.scores import DECIDING, ScoreKind, faults_in, in_order, kind_of


@dataclass(frozen=True)
class BestScore:
    """The score of the best checkpoint that tells most, such as its distance from the recordings."""

    name: str
    """As events have it: compare only with its like."""
    value: float
    step: int

    @property
    def kind(self) -> ScoreKind:
        return kind_of(self.name)

    @property
    def is_lower_better(self) -> bool | None:
        return self.kind.is_lower_better

    @property
    def text(self) -> str:
        """Such as "6.42 dB"."""
        return self.kind.text(self.value)

    @property
    def sentence(self) -> str:
        """Such as "Distance from the recordings: 6.42 dB at step 1,200"."""
        return f"{self.kind.title}: {self.text} at step {self.step:,}"


def best_score(picture: RunPicture) -> BestScore | None:
    """None of a run without a checkpoint that was measured."""
    best = picture.best
    name = deciding_score(best) if best is not None else ""
    return BestScore(name, best.scores[name], best.step) if best is not None and name else None


def deciding_score(checkpoint: CheckpointWritten) -> str:
    """The name of the score that decides; of one that this version does not know the first. Empty without scores."""
    return next(iter(in_order(checkpoint.scores)), "")


def written_once(checkpoints: Sequence[CheckpointWritten]) -> list[CheckpointWritten]:
    """One for each step, in the steps' order: a step that was saved again has its last word."""
    by_step = {one.step: one for one in checkpoints}
    return [by_step[step] for step in sorted(by_step)]


def why_best(picture: RunPicture) -> str:
    """Why the best is it, such as "lowest distance from the recordings". Empty without a best one."""
    best = picture.best
    if best is None:
        return ""
    name = deciding_score(best)
    if name not in DECIDING:
        return "chosen by the training" if name else "the newest: no checkpoint was measured"
    words, faults = kind_of(name).at_best, len(faults_in(best.scores))
    lower = [
        one
        for one in picture.checkpoints
        if one.step != best.step and one.scores.get(name, best.scores[name]) < best.scores[name]
    ]
    if not any(len(faults_in(one.scores)) > faults for one in lower):
        return words
    return (
        f"{counted(faults, 'fault')} only, and the {words} of those"
        if faults
        else (f"no faults, and the {words} of those without")
    )
