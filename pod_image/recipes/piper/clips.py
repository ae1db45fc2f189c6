"""The prepared set in memory, and batches of it made on the device of the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pod_image.recipes.piper.device import is_apart, pinned
from pod_image.recipes.piper.prepared import PreparedSet, read_prepared, sound_path
from pod_image.recipes.piper.quality import HOP_SAMPLES
from pod_image.recipes.piper.shares import SharedEpochs
from pod_image.recipes.piper.spectrogram import EDGE_SAMPLES, spectrogram_of_mirrored

POOL_BATCHES = 16
"""Batches are cut from so many batches' worth of shuffled clips sorted by length: near-equal lengths, still random."""
LARGEST_SHARE_OF_GPU = 0.25
"""Of a GPU's free memory, what the recordings may take: the rest is for the step."""
FRAME_STEP_CUDA = 64
ID_STEP_CUDA = 16
"""On a GPU a batch's frames are padded to a multiple of the first, and its phonemes to what the clips of up to so many
frames have at most: one shape for each step of length. A CUDA graph of each takes memory and a second, frames that are
padding take time: docs/performance.md has what was measured."""
INT64_IN_INT16 = 4


@dataclass(frozen=True)
class Batch:
    """B clips. `ids` [B, N] int64; `spectrogram` [B, 513, T]; `wave` [B, 256 T]; zeros in all padding."""

    ids: Tensor
    id_lengths: Tensor
    spectrogram: Tensor
    frame_lengths: Tensor
    wave: Tensor
    speakers: Tensor


class Clips:
    """Every clip of a prepared set: sixteen-bit sound, on the GPU when there is one and it fits there."""

    def __init__(
        self,
        prepared: PreparedSet,
        sound: Tensor,
        device: torch.device,
        held_on: torch.device | None = None,
    ) -> None:
        """`sound` is int16 of all clips, one after another, as the prepared set's offsets say.

        It is kept on `held_on`, which is `device` unless it is said; batches are on `device`.
        """
        self.prepared, self.device = prepared, device
        self._is_padded = is_apart(device)
        self._sound = sound.to(held_on or device)
        clips = prepared.clips
        self._first = torch.tensor([c.first_sample for c in clips]).to(self._sound.device)
        self._samples = torch.tensor([c.samples for c in clips]).to(device)
        self._lasts = torch.tensor([c.samples - 1 for c in clips]).to(self._sound.device)
        self._speakers = torch.tensor([c.speaker for c in clips]).to(device)
        self._id_lengths = torch.tensor([len(c.ids) for c in clips]).to(device)
        self.frames = np.array([c.samples // HOP_SAMPLES for c in clips])
        self._id_counts = np.array([len(c.ids) for c in clips])
        longest = self._padded(int(self._id_counts.max()), ID_STEP_CUDA)
        padded = np.zeros((len(clips), longest), dtype=np.int64)
        for row, clip in zip(padded, clips, strict=True):
            row[: len(clip.ids)] = clip.ids
        self._ids = torch.from_numpy(padded).to(device)

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> Clips:
        """Read what `prepare` left in `folder`. Raises RecipeError."""
        prepared = read_prepared(folder)
        # Mapped: in memory as far as there is room, and no second time where the GPU holds it.
        sound = torch.from_numpy(np.memmap(sound_path(folder), dtype=np.int16, mode="c"))
        free_bytes = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 0
        return cls(prepared, sound, device, place_of(sound.nbytes, device, free_bytes))

    def __len__(self) -> int:
        return len(self.prepared.clips)

    def shape_of(self, indices: Sequence[int]) -> tuple[int, int]:
        """Frames and phonemes that a batch of these clips is padded to; on a GPU the first decides the second."""
        rows = list(indices)
        frames = self._padded(int(self.frames[rows].max()), FRAME_STEP_CUDA)
        counts = self._id_counts[self.frames <= frames if self._is_padded else rows]
        return frames, self._padded(int(counts.max()), ID_STEP_CUDA)

    def batch(self, indices: Sequence[int]) -> Batch:
        """The clips of these indices, cut, mirrored at their own ends and transformed in a few operations.

        A GPU gets what it lacks in one transfer that nobody waits for.
        """
        frames, ids = self.shape_of(indices)
        chosen, sound = self._sent(indices, frames)
        mirrored = sound.float() / 32768.0
        samples = self._samples[chosen]
        frame_lengths = samples // HOP_SAMPLES
        spectrogram = spectrogram_of_mirrored(mirrored)
        places = torch.arange(frames, device=self.device)
        spectrogram = spectrogram * (places < frame_lengths[:, None])[:, None]
        wave = mirrored[:, EDGE_SAMPLES : EDGE_SAMPLES + frames * HOP_SAMPLES]
        inside = torch.arange(wave.shape[1], device=self.device) < samples[:, None]
        return Batch(
            self._ids[chosen, :ids],
            self._id_lengths[chosen],
            spectrogram,
            frame_lengths,
            wave * inside,
            self._speakers[chosen],
        )

    def sound_of(self, index: int) -> NDArray[np.int16]:
        """One clip as it was prepared."""
        clip = self.prepared.clips[index]
        sound: NDArray[np.int16] = self._sound[clip.first_sample :][: clip.samples].cpu().numpy()
        return sound

    def _padded(self, length: int, step: int) -> int:
        return -(-length // step) * step if self._is_padded else length

    def _sent(self, indices: Sequence[int], frames: int) -> tuple[Tensor, Tensor]:
        """The indices [B], and each clip's samples with both ends mirrored [B, 384 + 256 T + 384], on the device."""
        chosen = torch.tensor(indices)
        if self._sound.device == self.device and not is_apart(self.device):
            return chosen, self._sound[self._places(chosen, frames)]
        if self._sound.device == self.device:
            there = pinned(chosen.shape, torch.int64).copy_(chosen)
            there = there.to(self.device, non_blocking=True)
            return there, self._sound[self._places(there, frames)]
        # One transfer for both: each costs the launch of a copy, however small it is.
        head = len(chosen) * INT64_IN_INT16
        places = self._places(chosen, frames)
        packed = pinned((head + places.numel(),), torch.int16)
        packed[:head].copy_(chosen.view(torch.int16))
        packed[head:].copy_(self._sound[places].flatten())
        packed = packed.to(self.device, non_blocking=True)
        return packed[:head].view(torch.int64), packed[head:].view(places.shape)

    def _places(self, chosen: Tensor, frames: int) -> Tensor:
        """Where in the sound each sample of a batch is: mirrored at a clip's own ends, whatever the others' lengths."""
        there = self._sound.device
        width = frames * HOP_SAMPLES + 2 * EDGE_SAMPLES
        place = (torch.arange(width, device=there) - EDGE_SAMPLES).abs()[None, :]
        last = self._lasts[chosen, None]
        place = torch.where(place > last, 2 * last - place, place).clamp_min(0)
        return self._first[chosen, None] + place


def place_of(size_bytes: int, device: torch.device, free_bytes: int) -> torch.device:
    """Where so many bytes of sound are kept for a model on `device`, which has that much memory free."""
    if device.type == "cuda" and size_bytes > LARGEST_SHARE_OF_GPU * free_bytes:
        return torch.device("cpu")
    return device


class BucketSampler:
    """Full batches of clips of like length, in an order that the seed and the epoch decide.

    Epochs follow each other without a gap: what one leaves over for a full batch comes with the next one's first. So
    after any number of steps each clip was seen as often as any other, give or take the one epoch that is under way
    and a batch. A set smaller than a batch is a batch.
    """

    def __init__(
        self,
        frames: NDArray[np.int64],
        indices: Sequence[int],
        batch: int,
        seed: int,
        shared: SharedEpochs | None = None,
    ) -> None:
        """`shared`: where several datasets have shares, which clips an epoch has; without, each has every clip once."""
        self._frames, self._indices, self._shared = frames, list(indices), shared
        self.clips, self.batch = len(self._indices), min(batch, len(self._indices))
        self._seed = seed

    @property
    def traits(self) -> dict[str, Any]:
        """A place in an epoch is of this many clips in batches of this size."""
        shared = {"shares": self._shared.counts} if self._shared else {}
        return {"clips": self.clips, "batch": self.batch, **shared}

    @property
    def batches(self) -> int:
        """Batches that hold every clip once: an epoch's, or one more than it has of its own."""
        return self.steps(1)

    def steps(self, epochs: int) -> int:
        """Steps until every clip was seen so often; the last may be filled from the epoch after."""
        return -(-epochs * self.clips // self.batch)

    def before(self, epoch: int) -> int:
        """Batches of all epochs before this one."""
        return epoch * self.clips // self.batch

    def in_epoch(self, number: int) -> int:
        return self.before(number + 1) - self.before(number)

    def epoch(self, number: int, first: int = 0) -> Iterator[list[int]]:
        """The batches of one epoch, from the `first`-th on."""
        draw = np.random.default_rng((self._seed, number))
        order = draw.permutation(self._of_epoch(number)).tolist()
        left_over = number * self.clips % self.batch
        if left_over:
            earlier = np.random.default_rng((self._seed, number - 1))
            before = earlier.permutation(self._of_epoch(number - 1))
            order = before[-left_over:].tolist() + order
        count = self.in_epoch(number)
        batches: list[list[int]] = []
        # Pools of one size: a short last one would mix all lengths in its batches.
        for pool in np.array_split(np.arange(count), -(-count // POOL_BATCHES)):
            mixed = order[pool[0] * self.batch : (pool[-1] + 1) * self.batch]
            by_length = sorted(mixed, key=lambda i: self._frames[i])
            batches += [by_length[i : i + self.batch] for i in range(0, len(by_length), self.batch)]
        yield from (batches[i] for i in draw.permutation(count)[first:])

    def _of_epoch(self, number: int) -> list[int]:
        return self._shared.epoch(number) if self._shared else self._indices


def split(clips: int, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Indices to learn from and to measure on; at least one clip is always learnt from."""
    aside = min(round(clips * share), clips - 1)
    order = np.random.default_rng((seed, 0x5EED)).permutation(clips).tolist()
    return sorted(order[aside:]), sorted(order[:aside])
