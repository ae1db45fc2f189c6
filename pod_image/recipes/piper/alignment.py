"""Monotonic alignment search: which frames belong to which phoneme (Glow-TTS, arXiv 2005.11129, algorithm 1)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def durations_of_best_paths(
    log_likelihood: Tensor, frame_lengths: Tensor, text_lengths: Tensor
) -> Tensor:
    """Frames of each phoneme, int64 [B, N], on the path of greatest likelihood through [B, T, N].

    Each clip's path uses every frame, visits every phoneme in order and stays at least one frame in each; between
    equal choices it stays. Needs at least as many frames as phonemes in every clip.
    """
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
