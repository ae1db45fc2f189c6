"""Files that are made to do harm when they are opened."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

Harm = Callable[[Path, str], Path]
"""Makes such a file at a path; opened, it makes the named one."""


class _Makes:
    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self) -> Any:
        return os.mkdir, (self.name,)


def pickled(path: Path, makes: str) -> Path:
    """A checkpoint whose pickle calls a function."""
    torch.save({"state_dict": {"model_g.a": torch.zeros(2)}, "callbacks": _Makes(makes)}, path)
    return path


def pickled_before_torch_1_6(path: Path, makes: str) -> Path:
    document = {"state_dict": {"model_g.a": torch.zeros(2)}, "callbacks": _Makes(makes)}
    torch.save(document, path, _use_new_zipfile_serialization=False)
    return path


class _Program(nn.Module):
    """Writes its five bytes into a file of its choice as it is loaded."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.content = torch.tensor([112, 97, 115, 115, 10], dtype=torch.uint8)

    def forward(self, x: Tensor) -> Tensor:
        return x

    @torch.jit.export
    def __getstate__(self) -> tuple[str, Tensor, bool]:
        return (self.name, self.content, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, Tensor, bool]) -> None:
        self.name = state[0]
        self.training = state[2]
        self.content = torch.from_file(state[0], True, 5, dtype=torch.uint8).copy_(state[1])


def scripted(path: Path, makes: str) -> Path:
    """A TorchScript archive under a checkpoint's name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(_Program(makes)).save(str(path))
    return path


KINDS: dict[str, Harm] = {
    "pickle": pickled,
    "pickle before torch 1.6": pickled_before_torch_1_6,
    "TorchScript": scripted,
}
