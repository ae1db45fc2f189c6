"""Alignment search on the GPU as one Triton kernel: a program for each clip, a lane for each phoneme.

Imported only where Triton is installed. In Triton's interpreter (TRITON_INTERPRET=1) the same kernel runs on a CPU.
"""

from __future__ import annotations

from typing import Any

import torch
import triton  # type: ignore[import-not-found, unused-ignore]
import triton.language as tl  # type: ignore[import-not-found, unused-ignore]
from torch import Tensor

IMPOSSIBLE = tl.constexpr(-3.0e38)


@triton.jit  # type: ignore[untyped-decorator, unused-ignore]
def _search(
    scores: Any,
    best: Any,
    stepped: Any,
    durations: Any,
    frame_lengths: Any,
    text_lengths: Any,
    frames: Any,
    phonemes: Any,
    LANES: tl.constexpr,
) -> None:
    """`scores` [B, T, N] in; `stepped` [B, T, N] int8 and `best` [B, 2, N + 1] are scratch; `durations` [B, N] out."""
    clip = tl.program_id(0).to(tl.int64)
    lane = tl.arange(0, LANES)
    is_phoneme = lane < phonemes
    scores += clip * frames * phonemes
    stepped += clip * frames * phonemes
    best += clip * 2 * (phonemes + 1)
    # Place 0 of a row of `best` stands for the phoneme before the first: nothing comes from there.
    tl.store(best, IMPOSSIBLE)
    tl.store(best + phonemes + 1, IMPOSSIBLE)
    first = tl.load(scores + lane, is_phoneme, other=0.0)
    stayed = tl.where(lane == 0, first, IMPOSSIBLE)
    tl.store(best + 1 + lane, stayed, is_phoneme)
    used = tl.load(frame_lengths + clip)
    for frame in range(1, used):
        tl.debug_barrier()
        row = ((frame - 1) % 2) * (phonemes + 1)
        came = tl.load(best + row + lane, is_phoneme, other=IMPOSSIBLE)
        is_step = came > stayed
        gain = tl.load(scores + frame * phonemes + lane, is_phoneme, other=0.0)
        stayed = tl.maximum(tl.where(is_step, came, stayed) + gain, IMPOSSIBLE)
        tl.store(stepped + frame * phonemes + lane, is_step.to(tl.int8), is_phoneme)
        tl.store(best + (frame % 2) * (phonemes + 1) + 1 + lane, stayed, is_phoneme)
    tl.debug_barrier()
    place = tl.load(text_lengths + clip) - 1
    lasted = tl.zeros([LANES], tl.int64)
    for back in range(used):
        frame = used - 1 - back
        lasted += (lane == place).to(tl.int64)
        place -= tl.load(stepped + frame * phonemes + place, frame > 0, other=0).to(tl.int64)
    tl.store(durations + clip * phonemes + lane, lasted, is_phoneme)


def durations_by_kernel(scores: Tensor, frame_lengths: Tensor, text_lengths: Tensor) -> Tensor:
    """As `alignment.durations_of_best_paths`, without leaving the device or waiting for it."""
    batch, frames, phonemes = scores.shape
    scores = scores.detach().float().contiguous()
    stepped = torch.empty(scores.shape, dtype=torch.int8, device=scores.device)
    best = torch.empty((batch, 2, phonemes + 1), device=scores.device)
    durations = torch.empty((batch, phonemes), dtype=torch.int64, device=scores.device)
    _search[(batch,)](
        scores,
        best,
        stepped,
        durations,
        frame_lengths.to(torch.int64),
        text_lengths.to(torch.int64),
        frames,
        phonemes,
        LANES=triton.next_power_of_2(phonemes),
    )
    return durations
