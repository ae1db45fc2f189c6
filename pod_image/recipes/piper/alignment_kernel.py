"""Alignment search on the GPU: one kernel, compiled for the card at hand when the first step needs it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from pod_image.recipes.piper.nvrtc import Kernel, load

SOURCE = Path(__file__).with_suffix(".cu")
NAME = "alignment_search"
MOST_THREADS = 1024
_WARP = 32


def durations_by_kernel(scores: Tensor, frame_lengths: Tensor, text_lengths: Tensor) -> Tensor:
    """As `alignment.durations_of_best_paths`, without leaving the device or waiting for it.

    Raises nvrtc.KernelError where it cannot be compiled or queued, ImportError without its libraries.
    """
    batch, frames, phonemes = scores.shape
    scores = scores.detach().float().contiguous()
    stepped = torch.empty(scores.shape, dtype=torch.uint8, device=scores.device)
    durations = torch.empty((batch, phonemes), dtype=torch.int64, device=scores.device)
    # Named here, so that their memory is theirs until the kernel is queued.
    frames_used = frame_lengths.to(torch.int64).contiguous()
    spoken = text_lengths.to(torch.int64).contiguous()
    _kernel(scores.device).launch(
        scores,
        frames_used,
        spoken,
        stepped,
        durations,
        frames,
        phonemes,
        blocks=batch,
        threads=min(MOST_THREADS, -(-phonemes // _WARP) * _WARP),
        shared_bytes=2 * (phonemes + 1) * scores.element_size(),
    )
    return durations


@lru_cache(maxsize=8)
def _kernel(device: torch.device) -> Kernel:
    return load(SOURCE.read_text("utf-8"), NAME, device)
