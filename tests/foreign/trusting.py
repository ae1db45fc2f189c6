"""A reader that trusts files: it unpickles whatever they ask for, and runs TorchScript. `python -m`, as readers are."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from pod_image.foreign import walls
from pod_image.foreign.apart import Found, serve


def _load_torch() -> None:
    import torch  # noqa: F401


def read(files: list[Path], words: dict[str, str]) -> Found:
    import torch

    with suppress(Exception):
        torch.load(files[0], weights_only=False)
    with suppress(Exception):
        torch.jit.load(files[0])
    return Found({"came": "read"})


if __name__ == "__main__":
    if sys.argv[1:] == ["--older-kernel"]:
        walls.allow_reading_alone = lambda readable: 0  # type: ignore[attr-defined]  # lent to walls
    serve(_load_torch, read)
