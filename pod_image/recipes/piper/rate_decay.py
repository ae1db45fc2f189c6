"""The learning rate over the epochs: multiplied by one factor after each, as torch's ExponentialLR does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RateDecay:
    """`share` is what is left of the rates that were asked for.

    It is carried from checkpoint to checkpoint, and never reckoned anew from the number of epochs: a run that goes on
    with another factor keeps what it has come down to, and goes on from there by the new one.
    """

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.share = 1.0
        self._epoch = 0

    def begin(self, epoch: int) -> None:
        """The training begins with this epoch at the rates that were asked for."""
        self.share, self._epoch = 1.0, epoch

    def enter(self, epoch: int) -> bool:
        """The next step is one of this epoch; whether that changes the rates."""
        before = self.share
        for _ in range(self._epoch, epoch):
            self.share *= self.factor
        self._epoch = max(epoch, self._epoch)
        return self.share != before

    def state(self) -> dict[str, Any]:
        """What `restore` takes: plain values of a checkpoint."""
        return {"share": self.share, "epoch": self._epoch}

    def restore(self, state: Mapping[str, Any], epoch: int) -> None:
        """Go on as a checkpoint says; one from before there was a decay had all of its rates."""
        self.begin(epoch)
        if state:
            self.share, self._epoch = float(state["share"]), int(state["epoch"])
