"""Monotonic alignment search: which frames belong to which phoneme (Glow-TTS, arXiv 2005.11129, algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Search = Callable[[Tensor, Tensor, Tensor], Tensor]


def durations_of_best_paths(
    log_likelihood: Tensor, frame_lengths: Tensor, text_lengths: Tensor
) -> Tensor:
    """Frames of each phoneme, int64 [B, N], on the path of greatest likelihood through [B, T, N].

    Each clip's path uses every frame, visits every phoneme in order and stays at least one frame in each; between
    equal choices it stays. Needs at least as many frames as phonemes in every clip.
    """
    if log_likelihood.device.type == "cuda":
        return search_of(log_likelihood.device)(log_likelihood, frame_lengths, text_lengths)
    return durations_by_numpy(log_likelihood, frame_lengths, text_lengths)


@lru_cache(maxsize=8)
def search_of(device: torch.device) -> Search:
    """How to search on `device`: the kernel where it compiles and agrees with numpy there, else torch's operations.

    Triton needs a C compiler at run time, and our own image has neither.
    """
    try:
        from pod_image.recipes.piper.alignment_kernel import durations_by_kernel

        example = _example(device)
        if torch.equal(durations_by_kernel(*example), durations_by_numpy(*example)):
            return durations_by_kernel
    except Exception as exc:  # a compiler, a driver, a version: nothing of that may end a training
        print(f"The alignment kernel is not used: {type(exc).__name__}: {exc}"[:300], flush=True)
    return durations_by_torch


def _example(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    scores = torch.randn((3, 40, 17), generator=draw)
    lengths = torch.tensor([40, 17, 33]), torch.tensor([17, 17, 5])
    return scores.to(device), lengths[0].to(device), lengths[1].to(device)


def durations_by_torch(
    log_likelihood: Tensor, frame_lengths: Tensor, text_lengths: Tensor
) -> Tensor:
    """On any device without waiting for it, some seven small operations a frame. On a CPU numpy is quicker."""
    batch, frames, phonemes = log_likelihood.shape
    scores = log_likelihood.detach().float().transpose(0, 1).contiguous()
    stepped = torch.zeros((frames, batch, phonemes), dtype=torch.bool, device=scores.device)
    # Place 0 stands for the phoneme before the first: nothing comes from there.
    rows = torch.full((2, batch, phonemes + 1), -torch.inf, device=scores.device)
    rows[0, :, 1] = scores[0, :, 0]
    for frame in range(1, frames):
        best, following = rows[(frame - 1) % 2], rows[frame % 2]
        torch.gt(best[:, :-1], best[:, 1:], out=stepped[frame])
        torch.maximum(best[:, :-1], best[:, 1:], out=following[:, 1:])
        following[:, 1:] += scores[frame]
    place = (text_lengths - 1)[:, None]
    places = torch.empty((frames, batch), dtype=torch.int64, device=scores.device)
    steps = (
        stepped & (torch.arange(frames, device=scores.device)[:, None] < frame_lengths)[..., None]
    )
    for frame in range(frames - 1, -1, -1):
        places[frame] = place[:, 0]
        place = place - steps[frame].gather(1, place).long()
    inside = torch.arange(frames, device=scores.device)[:, None] < frame_lengths
    durations = torch.zeros((batch, phonemes), dtype=torch.int64, device=scores.device)
    return durations.scatter_add_(1, places.t(), inside.t().long())


def durations_by_numpy(
    log_likelihood: Tensor, frame_lengths: Tensor, text_lengths: Tensor
) -> Tensor:
    """On the CPU, wherever the tensors are; all clips at once."""
    scores = log_likelihood.detach().float().cpu().numpy()
    frames, phonemes = frame_lengths.cpu().numpy(), text_lengths.cpu().numpy()
    durations = _search(np.ascontiguousarray(scores.transpose(1, 0, 2)), frames, phonemes)
    return torch.from_numpy(durations).to(log_likelihood.device)


def _search(
    scores: NDArray[np.float32], frames: NDArray[np.int64], phonemes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """`scores` is [T, B, N]: the loop over frames then touches contiguous memory, all clips at once."""
    stepped = _directions(scores)
    batch = np.arange(scores.shape[1])
    durations = np.zeros(scores.shape[1:], dtype=np.int64)
    place = phonemes.astype(np.int64) - 1
    for t in range(scores.shape[0] - 1, -1, -1):
        inside = t < frames
        durations[batch, place] += inside
        place -= inside & stepped[t, batch, place]
    return durations


def _directions(scores: NDArray[np.float32]) -> NDArray[np.bool_]:
    """[T, B, N]: true where the best way to frame t, phoneme n comes from phoneme n - 1."""
    stepped = np.zeros(scores.shape, dtype=np.bool_)
    best = np.full(scores.shape[1:], -np.inf, dtype=np.float32)
    best[:, 0] = scores[0, :, 0]
    for t in range(1, scores.shape[0]):
        came = best[:, :-1]
        np.less(best[:, 1:], came, out=stepped[t, :, 1:])
        best[:, 1:] = np.maximum(best[:, 1:], came)
        best += scores[t]
    return stepped
