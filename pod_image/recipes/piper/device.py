"""The device that training runs on, and what it is told before the first step. Nothing here changes the mathematics."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch

from pod_image.contract.recipes.piper import Precision

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 1 << 30


def ready_device(precision: Precision, *, searches_kernels: bool) -> torch.device:
    """The GPU of this process (`LOCAL_RANK`), or the CPU where there is none; set up for speed."""
    if not torch.cuda.is_available():
        ready_cpu()
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(device)
    uses_tf32 = precision is not Precision.FLOAT32
    torch.backends.cuda.matmul.allow_tf32 = uses_tf32
    torch.backends.cudnn.allow_tf32 = uses_tf32
    torch.backends.cudnn.benchmark = searches_kernels
    return device


def is_apart(device: torch.device) -> bool:
    """Whether it has a memory and a time of its own: what it is to do is asked for, and waited for only when needed."""
    return device != torch.device("cpu")


def can_pin() -> bool:
    return torch.cuda.is_available()


def pinned(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    """Memory of the host that a GPU copies from while the host goes on; torch gives it to nobody else until then."""
    return torch.empty(tuple(shape), dtype=dtype, pin_memory=can_pin())


def ready_cpu() -> None:
    """Flush denormals, and let the C library keep the memory of one step for the next."""
    # Denormals cost a hundred times a normal number on a CPU, and silence is full of them.
    torch.set_flush_denormal(True)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return  # not glibc
    # Else each large activation is mapped, cleared page by page and given back, every step anew.
    mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
    mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 where it is asked for, or left to us and the GPU has it."""
    is_left_to_us = precision is Precision.AUTO and device.type == "cuda" and has_bf16()
    if precision is Precision.BF16 or is_left_to_us:
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def why_bf16_is_slow(precision: Precision, device: torch.device) -> str | None:
    """Why bfloat16, if it is asked for, costs time on this machine instead of saving it; None when it does not."""
    if precision is not Precision.BF16:
        return None
    if device.type != "cuda":
        return "most CPUs have to emulate it"
    return None if has_bf16() else "this GPU only emulates it"


def has_bf16() -> bool:
    """Whether this process's GPU computes in bfloat16 itself; older ones only pretend to."""
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))
