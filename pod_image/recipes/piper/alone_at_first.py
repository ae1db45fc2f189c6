"""What a base lacks is trained alone at first: its noise would spoil in minutes what the rest has learnt."""

from __future__ import annotations

from pod_image.contract.bodies import RunWarning
from pod_image.recipes.piper.optimisation import Optimisation
from pod_image.recipes.piper.training_warnings import partial_base

MOST_STEPS_ALONE = 3000
SHARE_ALONE = 5
"""A base that lacks a part has it trained alone at first: for a fifth of the steps or of the time, whichever
is over first, but for no more than MOST_STEPS_ALONE."""


class AloneAtFirst:
    """Freezes all but `lacked` before step `until_step`; `train_seconds` is 0 where no time ends the training."""

    def __init__(self, optimisation: Optimisation, train_seconds: float) -> None:
        self._optimisation = optimisation
        self._seconds_alone = train_seconds / SHARE_ALONE
        self.lacked: tuple[str, ...] = ()
        self.until_step = 0

    def plan(self, lacked: tuple[str, ...], total_steps: int) -> RunWarning:
        """Train these parts alone from the beginning of a training of so many steps."""
        self.lacked = lacked
        self.until_step = min(MOST_STEPS_ALONE, total_steps // SHARE_ALONE)
        return partial_base(
            f"only this encoder is trained for the first {self.until_step} steps{self._or_time()}, then everything."
            if self.until_step
            else "with so few steps, everything is trained at once, and the voice will be worse."
        )

    def _or_time(self) -> str:
        seconds = self._seconds_alone
        return f", or {seconds:,.0f} s if that is sooner" if seconds else ""

    def is_over(self, step: int, seconds: float) -> bool:
        """Whether something is frozen that now has its turn."""
        if not self._optimisation.frozen:
            return False
        is_late = bool(self._seconds_alone) and seconds >= self._seconds_alone
        return is_late or step >= self.until_step

    def freeze_or_unfreeze(self, step: int) -> None:
        is_frozen = step < self.until_step
        self._optimisation.frozen = [
            parameter
            for name, parameter in self._optimisation.generator.named_parameters()
            if is_frozen and not name.startswith(self.lacked)
        ]
