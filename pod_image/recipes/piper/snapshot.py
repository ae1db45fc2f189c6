"""Copies of what training changes, made in a moment on the device, and brought to the host while training goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pod_image.recipes.piper.checkpoint import Checkpoint
from pod_image.recipes.piper.device import is_apart


def copied(tensor: Tensor) -> Tensor:
    """Nobody else's. On the device, where that has room for it: weights and moments of a voice are a gigabyte."""
    found = tensor.detach()
    try:
        return found.clone()
    except torch.OutOfMemoryError:
        return found.cpu()


def bringing(checkpoint: Checkpoint, device: torch.device) -> Callable[[], Checkpoint]:
    """How a thread beside the training gets it onto the host. Its tensors were `copied` just now."""
    if not is_apart(device):
        return lambda: checkpoint
    is_made = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
    is_made.record()

    def bring() -> Checkpoint:
        is_made.synchronize()
        state = {name: tensor.cpu() for name, tensor in checkpoint.state.items()}
        return replace(
            checkpoint, state=state, optimiser_states=_on_host(checkpoint.optimiser_states)
        )

    return bring


def _on_host(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {name: _on_host(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_on_host(each) for each in value]
    return value
