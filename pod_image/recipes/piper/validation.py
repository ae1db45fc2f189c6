"""How good the voice is at a checkpoint, by the clips that it does not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from pod_image.recipes.piper.clips import Clips
from pod_image.recipes.piper.optimisation import Optimisation
from pod_image.recipes.piper.say import spoken
from pod_image.recipes.piper.scores import Recorded, score
from pod_image.recipes.piper.timed_parts import Held

SENTENCES_SCORED = 6
"""Held-out sentences spoken at each checkpoint: a second or so on a GPU."""


class Validation:
    """`measured` are the clips held out, by their numbers; without any there is nothing to say."""

    def __init__(
        self, optimisation: Optimisation, clips: Clips, measured: Sequence[int], batch_size: int
    ) -> None:
        self._optimisation, self._clips = optimisation, clips
        self._measured, self._batch_size = measured, batch_size
        self._targets: list[Recorded] = []

    def measure(self, held: Held) -> dict[str, float]:
        if not self._measured:
            return {}
        size = self._batch_size
        ordered = sorted(self._measured, key=lambda i: self._clips.frames[i])
        groups = [ordered[i : i + size] for i in range(0, len(ordered), size)]
        with held.part("validation"):
            measure, batch = self._optimisation.measure, self._clips.batch
            mels = [measure(batch(group)).double() * len(group) for group in groups]
            total = torch.stack(mels).sum().item()
        with held.part("scores"):
            scores = self._scores()
        return {"validation_mel": round(total / len(ordered), 6), **scores}

    def _scores(self) -> dict[str, float]:
        """Held-out sentences as the voice says them now, always with the same noise, beside their recordings."""
        chosen = self._measured[:SENTENCES_SCORED]
        clips = [self._clips.prepared.clips[index] for index in chosen]
        said = spoken(
            self._optimisation.generator, [c.ids for c in clips], [c.speaker for c in clips]
        )
        heard = [np.nan_to_num(sound) for sound in said]
        rate_hz = self._clips.prepared.sample_rate_hz
        if not self._targets:
            sounds = [self._clips.sound_of(i).astype(np.float32) / 32768.0 for i in chosen]
            self._targets = [Recorded.of(sound, rate_hz) for sound in sounds]
        return score(heard, self._targets, rate_hz).as_event()
