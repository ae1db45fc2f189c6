"""What a training step learns from: windows of features of every role, in fixed shares, drawn by one seeded draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pod_image.recipes.wake_word.ears import WIDTH

Clips = NDArray[np.float16]
"""Clips by frames by features."""
Windows = NDArray[np.float32]
SHARES = {"positive": 160, "near_miss": 256, "speech": 448, "noise": 160}
"""Windows of a batch: about what openWakeWord takes. It learns only from those that it is not sure of yet."""
FROM_FILES = 1_024
"""And so many more where hours of other sound are given."""
NEIGHBOURS = 64
"""Read at once: a file of gigabytes is slow to jump in."""
LAST_SHARE_HELD_OUT = 0.05


class UnusableFeatures(Exception):
    """A file of features has not the shape of openWakeWord's; says which."""


@dataclass
class Examples:
    """Draws batches. `by_role` are those of SHARES; `hours` are files of other sound, read as they are needed."""

    window: int
    by_role: dict[str, Clips]
    hours: Sequence[FeatureFile] = ()
    draw: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def batch(self) -> tuple[Windows, Windows]:
        """Windows and what each is: 1 for the wake word, 0 for all else."""
        parts, labels = [], []
        for role, count in SHARES.items():
            clips = self.by_role.get(role)
            if clips is None or not len(clips):
                continue
            parts.append(windows_of(clips, self.window, count, self.draw))
            labels.append(np.full(count, float(role == "positive"), dtype=np.float32))
        for file in self.hours:
            parts.append(file.some(FROM_FILES // len(self.hours), self.window, self.draw))
            labels.append(np.zeros(len(parts[-1]), dtype=np.float32))
        return np.concatenate(parts), np.concatenate(labels)


def windows_of(clips: Clips, window: int, count: int, draw: np.random.Generator) -> Windows:
    """So many windows, each of any clip and begun at any of its frames that leaves room."""
    which = draw.integers(len(clips), size=count)
    starts = draw.integers(clips.shape[1] - window + 1, size=count)
    at = starts[:, None] + np.arange(window)
    chosen: Windows = clips[which[:, None], at].astype(np.float32)
    return chosen


class FeatureFile:
    """Hours of sound as openWakeWord stores them: rows of windows, or of frames. Its end is for measuring."""

    def __init__(self, path: Path) -> None:
        """Raises UnusableFeatures."""
        try:
            rows: Any = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as exc:
            raise UnusableFeatures(f"{path.name} cannot be read as an array.") from exc
        if rows.ndim not in (2, 3) or rows.shape[-1] != WIDTH or rows.dtype.kind != "f":
            raise UnusableFeatures(
                f"{path.name} holds {'×'.join(map(str, rows.shape))} numbers; openWakeWord's features are N×16×96 "
                "or N×96."
            )
        self._frames = rows.reshape(-1, WIDTH)
        self._learnt = int(len(self._frames) * (1 - LAST_SHARE_HELD_OUT))

    def some(self, count: int, window: int, draw: np.random.Generator) -> Windows:
        """Of what may be learnt from; a few places, and neighbours of each."""
        places = max(1, count // NEIGHBOURS)
        span = NEIGHBOURS + window
        starts = draw.integers(max(1, self._learnt - span), size=places)
        pieces = [np.asarray(self._frames[start : start + span]) for start in starts]
        found = [
            piece[at : at + window] for piece in pieces for at in range(max(0, len(piece) - window))
        ]
        return np.array(found, dtype=np.float32).reshape(-1, window, WIDTH)

    def held_out(self, frames: int, most: int) -> Clips:
        """What is not learnt from, in clips of so many frames; at most so many clips."""
        rest = self._frames[self._learnt :]
        count = min(len(rest) // frames, most)
        clips: Clips = np.asarray(rest[: count * frames], dtype=np.float16)
        return clips.reshape(count, frames, WIDTH)
