"""When the next checkpoint is due: by time, by steps or by epochs, whichever comes first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class CheckpointTimes:
    """Zero `steps` or `epochs` leave it to the others.

    Steps and epochs are counted from the beginning of the run, so that what is asked for every 1,000 steps comes at
    1,000 and 2,000, whatever else was saved in between and wherever the run was gone on with.
    """

    seconds: float
    steps: int = 0
    epochs: int = 0
    _at: float = 0.0
    _step: int = 0
    _epochs_done: int = 0

    def begin(self, now: float, step: int, epochs_done: int) -> None:
        """What came before is kept, or was never there."""
        self._at, self._step, self._epochs_done = now, step, epochs_done

    def kept(self, now: float) -> None:
        """A checkpoint was written: the next by time is that much later."""
        self._at = now

    def is_due(self, now: float, step: int, epochs_done: int) -> bool:
        """Asked after every step, once: a multiple that was passed counts one time."""
        by_steps = _passes(self.steps, self._step, step)
        by_epochs = _passes(self.epochs, self._epochs_done, epochs_done)
        self._step, self._epochs_done = step, epochs_done
        return by_steps or by_epochs or now - self._at >= self.seconds


def _passes(every: int, before: int, now: int) -> bool:
    return bool(every) and now // every > before // every
