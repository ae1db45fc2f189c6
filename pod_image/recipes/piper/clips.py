"""The prepared set in memory, and batches of it made on the device of the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pod_image.recipes.piper.prepared import PreparedSet, read_prepared, sound_path
from pod_image.recipes.piper.quality import HOP_SAMPLES
from pod_image.recipes.piper.spectrogram import EDGE_SAMPLES, spectrogram_of_mirrored

POOL_BATCHES = 16
"""Batches are cut from so many batches' worth of shuffled clips sorted by length: near-equal lengths, still random."""
LARGEST_SHARE_OF_GPU = 0.25
"""Of a GPU's free memory, what the recordings may take: the rest is for the step."""
FRAME_STEP_CUDA = 32
"""On a GPU frames are padded to multiples of this, so that cudnn and graphs meet few shapes."""


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
        self._sound = sound.to(held_on or device)
        clips = prepared.clips
        self._first = torch.tensor([c.first_sample for c in clips], device=self._sound.device)
        self._samples = torch.tensor([c.samples for c in clips], device=device)
        self._lasts = torch.tensor([c.samples - 1 for c in clips], device=self._sound.device)
        self._speakers = torch.tensor([c.speaker for c in clips], device=device)
        self._id_lengths = torch.tensor([len(c.ids) for c in clips], device=device)
        longest = max(len(c.ids) for c in clips)
        padded = np.zeros((len(clips), longest), dtype=np.int64)
        for row, clip in zip(padded, clips, strict=True):
            row[: len(clip.ids)] = clip.ids
        self._ids = torch.from_numpy(padded).to(device)
        self.frames = np.array([c.samples // HOP_SAMPLES for c in clips])

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

    def batch(self, indices: Sequence[int]) -> Batch:
        """The clips of these indices, cut, mirrored at their own ends and transformed in a few operations."""
        chosen = torch.tensor(indices, device=self.device)
        frames = self._padded_frames(int(self.frames[list(indices)].max()))
        ids = max(len(self.prepared.clips[i].ids) for i in indices)
        samples = self._samples[chosen]
        mirrored = self._mirrored(indices, frames)
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

    def _padded_frames(self, frames: int) -> int:
        if self.device.type != "cuda":
            return frames
        return -(-frames // FRAME_STEP_CUDA) * FRAME_STEP_CUDA

    def _mirrored(self, indices: Sequence[int], frames: int) -> Tensor:
        """[B, 384 + 256 T + 384] in -1..1: each clip with both ends mirrored, whatever the others' lengths."""
        there = self._sound.device
        chosen = torch.tensor(indices, device=there)
        width = frames * HOP_SAMPLES + 2 * EDGE_SAMPLES
        place = (torch.arange(width, device=there) - EDGE_SAMPLES).abs()[None, :]
        last = self._lasts[chosen, None]
        place = torch.where(place > last, 2 * last - place, place).clamp_min(0)
        sound = self._sound[self._first[chosen, None] + place]
        return sound.to(self.device, non_blocking=True).float() / 32768.0


def place_of(size_bytes: int, device: torch.device, free_bytes: int) -> torch.device:
    """Where so many bytes of sound are kept for a model on `device`, which has that much memory free."""
    if device.type == "cuda" and size_bytes > LARGEST_SHARE_OF_GPU * free_bytes:
        return torch.device("cpu")
    return device


class BucketSampler:
    """Batches of clips of like length; every clip once an epoch; the same seed and epoch give the same batches."""

    def __init__(
        self, frames: NDArray[np.int64], indices: Sequence[int], batch: int, seed: int
    ) -> None:
        self._frames, self._indices = frames, list(indices)
        self._batch, self._seed = batch, seed

    @property
    def batches(self) -> int:
        """Batches in an epoch; the last may be smaller."""
        return -(-len(self._indices) // self._batch)

    def epoch(self, number: int, first: int = 0) -> Iterator[list[int]]:
        """The batches of one epoch, from the `first`-th on."""
        draw = np.random.default_rng((self._seed, number))
        order = draw.permutation(self._indices).tolist()
        pool = self._batch * POOL_BATCHES
        batches: list[list[int]] = []
        for start in range(0, len(order), pool):
            by_length = sorted(order[start : start + pool], key=lambda i: self._frames[i])
            batches += [
                by_length[i : i + self._batch] for i in range(0, len(by_length), self._batch)
            ]
        yield from (batches[i] for i in draw.permutation(len(batches))[first:])


def split(clips: int, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Indices to learn from and to measure on; at least one clip is always learnt from."""
    aside = min(round(clips * share), clips - 1)
    order = np.random.default_rng((seed, 0x5EED)).permutation(clips).tolist()
    return sorted(order[aside:]), sorted(order[:aside])
