"""What a model makes of clips that it never learnt from: heard as a listener would, window after window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pod_image.recipes.wake_word.ears import seconds_of
from pod_image.recipes.wake_word.examples import Clips, Windows

Predict = Callable[[Windows], NDArray[np.float32]]
"""A probability for each window."""
THRESHOLD = 0.5
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
CLIPS_AT_ONCE = 64
QUIET_FRAMES = 25
"""After an alarm a listener answers, and is deaf for two seconds: one sound is one alarm."""


@dataclass(frozen=True)
class HeldOut:
    """`kinds` tell what each near miss is, `other` is talk and noise of hours."""

    positive: Clips
    near_miss: Clips
    kinds: NDArray[np.str_]
    other: Clips
    recorded: Clips


@dataclass(frozen=True)
class Peaks:
    """The highest probability in each clip; and every one of other sound, in its order."""

    positive: NDArray[np.float32]
    near_miss: NDArray[np.float32]
    kinds: NDArray[np.str_]
    other: NDArray[np.float32]
    recorded: NDArray[np.float32]
    hours: float

    def scores(self, threshold: float = THRESHOLD) -> dict[str, float]:
        """Shares between 0 and 1; false alarms for each hour of other sound."""
        found = {
            "heard": _share(self.positive, threshold),
            "near_misses_taken": _share(self.near_miss, threshold),
            "false_alarms_per_hour": _alarms(self.other, threshold) / max(self.hours, 1e-9),
        }
        if len(self.recorded):
            found["own_recordings_heard"] = _share(self.recorded, threshold)
        return found

    def by_kind(self, threshold: float = THRESHOLD) -> dict[str, dict[str, float]]:
        """For each kind of near miss how many there are, and which share is taken for the wake word."""
        return {
            str(kind): {
                "clips": int((self.kinds == kind).sum()),
                "taken": _share(self.near_miss[self.kinds == kind], threshold),
            }
            for kind in sorted(set(self.kinds.tolist()))
        }


def listen(predict: Predict, held_out: HeldOut, window: int) -> Peaks:
    other = along(predict, held_out.other, window)
    return Peaks(
        along(predict, held_out.positive, window).max(axis=1, initial=0.0),
        along(predict, held_out.near_miss, window).max(axis=1, initial=0.0),
        held_out.kinds,
        other,
        along(predict, held_out.recorded, window).max(axis=1, initial=0.0),
        seconds_of(other.size) / 3600,
    )


def along(predict: Predict, clips: Clips, window: int) -> NDArray[np.float32]:
    """The probability at each place of each clip."""
    if not len(clips):
        return np.zeros((0, 1), dtype=np.float32)
    views: Any = np.lib.stride_tricks.sliding_window_view(clips, window, axis=1)
    views = views.transpose(0, 1, 3, 2)
    places = views.shape[1]
    found = [
        predict(
            np.ascontiguousarray(views[at : at + CLIPS_AT_ONCE], dtype=np.float32).reshape(
                -1, window, clips.shape[2]
            )
        ).reshape(-1, places)
        for at in range(0, len(clips), CLIPS_AT_ONCE)
    ]
    return np.concatenate(found)


def _share(peaks: NDArray[np.float32], threshold: float) -> float:
    return float((peaks >= threshold).mean()) if len(peaks) else 0.0


def _alarms(probabilities: NDArray[np.float32], threshold: float) -> int:
    alarms = 0
    for clip in probabilities:
        deaf_until = 0
        for at in map(int, np.flatnonzero(clip >= threshold)):
            if at >= deaf_until:
                alarms += 1
                deaf_until = at + QUIET_FRAMES
    return alarms
