"""Monotonic alignment search: which frames belong to which phoneme (Glow-TTS, arXiv 2005.11129, algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Search = Callable[[Tensor, Tensor, Tensor], Tensor]
COST_OF_TORCH = "each step probably takes about 10 ms longer"
"""By the operations it queues, with 400 frames: a quarter of those of a form that took 31 to 45 ms on an H200."""


def durations_of_best_paths(
    log_likelihood: Tensor, frame_lengths: Tensor, text_lengths: Tensor
) -> Tensor:
    """Frames of each phoneme, int64 [B, N], on the path of greatest likelihood through [B, T, N].

    Each clip's path uses every frame, visits every phoneme in order and stays at least one frame in each; between
    equal choices it stays. Needs at least as many frames as phonemes in every clip. On a GPU nothing waits for it.
    """
    durations: Tensor = _durations(log_likelihood.detach(), frame_lengths, text_lengths)
    return durations


# An operation of its own: tracing and fake tensors take it for what it is, and do not look inside.
@torch.library.custom_op("pod_launcher::alignment_search", mutates_args=())
def _durations(scores: Tensor, frame_lengths: Tensor, text_lengths: Tensor) -> Tensor:
    if scores.device.type == "cuda":
        return search_of(scores.device)[0](scores, frame_lengths, text_lengths)
    return durations_by_numpy(scores, frame_lengths, text_lengths)


@_durations.register_fake
def _(scores: Tensor, frame_lengths: Tensor, text_lengths: Tensor) -> Tensor:
    batch, _, phonemes = scores.shape
    return scores.new_empty((batch, phonemes), dtype=torch.int64)


def why_search_is_slow(device: torch.device) -> str | None:
    """Why the search runs in torch's operations on this GPU, in words; None where the kernel works, and on a CPU.

    It compiles the kernel and compares it with numpy: to be asked before the first step, and before a CUDA graph.
    """
    return search_of(device)[1] if device.type == "cuda" else None


@lru_cache(maxsize=8)
def search_of(device: torch.device) -> tuple[Search, str | None]:
    """How to search on a GPU: the kernel where it compiles and agrees with numpy there, else torch's operations and
    why."""
    try:
        from pod_image.recipes.piper.alignment_kernel import durations_by_kernel

        example = _example(device)
        if torch.equal(durations_by_kernel(*example), durations_by_numpy(*example)):
            return durations_by_kernel, None
    except Exception as exc:  # a compiler, a driver, a version: nothing of that may end a training
        return durations_by_torch, f"{type(exc).__name__}: {exc}"[:300]
    return durations_by_torch, "the kernel's results differ from numpy's"


def _example(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    scores = torch.randn((3, 40, 17), generator=draw)
    lengths = torch.tensor([40, 17, 33]), torch.tensor([17, 17, 5])
    return scores.to(device), lengths[0].to(device), lengths[1].to(device)


def durations_by_torch(
    log_likelihood: Tensor, frame_lengths: Tensor, text_lengths: Tensor
) -> Tensor:
    """On any device without waiting for it, two small operations a frame and some thirty beside them.

    On a CPU numpy is quicker.
    """
    scores = log_likelihood.detach().float().transpose(0, 1).contiguous()
    stepped = _steps(scores, frame_lengths)
    places = _places(stepped, text_lengths)
    frames, batch, phonemes = scores.shape
    inside = torch.arange(frames, device=scores.device)[:, None] < frame_lengths
    durations = torch.zeros((batch, phonemes), dtype=torch.int64, device=scores.device)
    return durations.scatter_add_(1, places.t(), inside.t().long())


def _steps(scores: Tensor, frame_lengths: Tensor) -> Tensor:
    """int64 [T, B, N]: one where the best way to frame t, phoneme n comes from phoneme n - 1."""
    frames, batch, phonemes = scores.shape
    # Place 0 stands for the phoneme before the first: nothing comes from there.
    sums = torch.full((frames, batch, phonemes + 1), -torch.inf, device=scores.device)
    sums[0, :, 1] = scores[0, :, 0]
    came, stayed, gains = sums[:, :, :-1].unbind(0), sums[:, :, 1:].unbind(0), scores.unbind(0)
    for frame in range(1, frames):
        torch.maximum(came[frame - 1], stayed[frame - 1], out=stayed[frame])
        stayed[frame].add_(gains[frame])
    inside = torch.arange(frames, device=scores.device)[:, None, None] < frame_lengths[:, None]
    stepped = torch.zeros(scores.shape, dtype=torch.int64, device=scores.device)
    stepped[1:] = (sums[:-1, :, :-1] > sums[:-1, :, 1:]) & inside[1:]
    return stepped


def _places(stepped: Tensor, text_lengths: Tensor) -> Tensor:
    """int64 [T, B]: the phoneme of each frame, back from the last one of the text.

    Each frame maps the phoneme after it to its own; maps are put together in pairs, pairs of pairs and so on, so that
    it takes log2(T) operations and not T.
    """
    frames, batch, phonemes = stepped.shape
    maps = torch.arange(phonemes, device=stepped.device).expand(frames, batch, phonemes).clone()
    maps[:-1] -= stepped[1:]
    reach = 1
    while reach < frames:
        maps[:-reach] = maps[:-reach].gather(2, maps[reach:])
        reach *= 2
    last = (text_lengths - 1)[None, :, None].expand(frames, batch, 1)
    return maps.gather(2, last)[..., 0]


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
