"""What a voice's checkpoints take on the pod's disk: reckoned in the plan, and again before the first is written."""

from __future__ import annotations

from dataclasses import dataclass

from pod_image.contract.recipes.piper import Quality

MOST_CHECKPOINTS = 3
"""The newest that are kept while there is room; the best one stays beside them when it is older."""
BESIDE_BYTES = 500_000_000
"""Samples, TensorBoard files, the log, and what more than one speaker adds to the weights."""


@dataclass(frozen=True)
class CheckpointRoom:
    """Of one size of voice, in bytes, as float32: both networks' weights, and the generator's as a voice."""

    weights_bytes: int
    voice_bytes: int

    @property
    def whole_bytes(self) -> int:
        """A checkpoint to go on from: with the two moments of each weight that the optimisers keep."""
        return 3 * self.weights_bytes

    def needed_bytes(self, kept: int) -> int:
        """The most there is at one moment while `kept` are kept: the new one and the one before, both whole; the best
        and the older without moments; a voice for each. With more than one, a third that a slow upload holds on to."""
        wholes = 2 if kept == 1 else 3
        return (
            wholes * self.whole_bytes
            + kept * self.weights_bytes
            + (kept + 1) * self.voice_bytes
            + BESIDE_BYTES
        )

    def most_kept(self, free_bytes: int) -> int:
        """How many can be kept in so much room; 0 when there is none for even one."""
        fitting = (
            kept for kept in range(MOST_CHECKPOINTS, 0, -1) if self.needed_bytes(kept) <= free_bytes
        )
        return next(fitting, 0)


_ROOM = {
    Quality.X_LOW: CheckpointRoom(215_300_000, 28_300_000),
    Quality.LOW: CheckpointRoom(281_700_000, 94_700_000),
    Quality.MEDIUM: CheckpointRoom(281_700_000, 94_700_000),
    Quality.HIGH: CheckpointRoom(332_400_000, 145_400_000),
}


def checkpoint_room(quality: Quality) -> CheckpointRoom:
    return _ROOM[quality]
