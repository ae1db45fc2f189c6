"""Checkpoints: ours written in the published layout, and anyone's read without running code from them."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pod_image.recipes.piper.errors import RecipeError

GENERATOR, DISCRIMINATORS = "model_g.", "model_d."
OWN_KEY = "launcher"
"""What only we write: progress and random states, so that a resume is exact."""
LAYOUT_VERSION = "2.5.0"
"""The version of pytorch-lightning whose layout the file has; its tools look for one."""
STEPS_COUNTED_PER_BATCH = 2
"""The reference counts a step for each of two optimisers; so does `global_step` in our files."""


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds. `state` maps published tensor names to tensors; `own` is ours, empty in others' files.

    `lacks` are beginnings of generator names that this kind of file never has, so that they begin anew.
    """

    state: Mapping[str, Tensor]
    hyper_parameters: Mapping[str, Any]
    epoch: int
    global_step: int
    optimiser_states: list[dict[str, Any]]
    own: Mapping[str, Any]
    lacks: tuple[str, ...] = ()

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors of one network, without the prefix."""
        return {k.removeprefix(prefix): v for k, v in self.state.items() if k.startswith(prefix)}


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> int:
    """Write atomically, through to the disk; return the size in bytes."""
    document = {
        "epoch": checkpoint.epoch,
        "global_step": checkpoint.global_step,
        "pytorch-lightning_version": LAYOUT_VERSION,
        "state_dict": OrderedDict(checkpoint.state),
        "optimizer_states": checkpoint.optimiser_states,
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": dict(checkpoint.hyper_parameters),
        OWN_KEY: dict(checkpoint.own),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("wb") as file:
        torch.save(document, file)
        file.flush()
        os.fsync(file.fileno())
        size_bytes = file.tell()
    temporary.replace(path)
    _sync_folder(path.parent)
    return size_bytes


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint of ours or a published one, on the CPU; nothing in the file is executed.

    Raises RecipeError for a file that is not one, is cut short, or asks for anything but tensors and plain values.
    """
    document = _load(path)
    if not isinstance(document, dict) or not isinstance(document.get("state_dict"), dict):
        raise RecipeError(
            f"{path.name} is not a Piper checkpoint: it has no state_dict.",
            hint="Choose the .ckpt file of a Piper voice.",
        )
    state = {k: v for k, v in document["state_dict"].items() if isinstance(v, Tensor)}
    if not any(name.startswith(GENERATOR) for name in state):
        raise RecipeError(
            f"{path.name} is a checkpoint of another model: it has no tensor named {GENERATOR}*.",
            hint="Choose the .ckpt file of a Piper voice.",
        )
    return Checkpoint(
        state,
        document.get("hyper_parameters") or {},
        int(document.get("epoch") or 0),
        int(document.get("global_step") or 0),
        list(document.get("optimizer_states") or []),
        document.get(OWN_KEY) or {},
    )


def _load(path: Path) -> Any:
    try:
        # Mapped, not read: two thirds of a published file are optimiser moments that nobody asks for.
        return torch.load(
            path,
            map_location="cpu",
            pickle_module=_Restricted,
            weights_only=False,
            mmap=zipfile.is_zipfile(path),
        )
    except _Forbidden as exc:
        raise RecipeError(
            f"{path.name} is refused: it asks for {exc}, which a checkpoint has no need of.",
            hint="The file may be made to run code. Take the checkpoint from the voice's own repository.",
        ) from None
    except FileNotFoundError:
        raise RecipeError(
            f"There is no checkpoint {path}.", hint="Check the name of the base checkpoint."
        ) from None
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as exc:
        raise RecipeError(
            f"{path.name} cannot be read as a checkpoint: {_first_line(exc)}",
            hint="It may be cut short. Compare its size with the one in its repository, and fetch it again.",
        ) from exc


class _Forbidden(Exception):
    """Not an UnpicklingError: it must not be taken for a damaged file."""


def _path_text(*parts: str) -> str:
    return "/".join(parts).replace("//", "/")


_STORAGES = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    # Published files carry the trainer's folders; as text they load on every system.
    **{
        (module, name): _path_text
        for module in ("pathlib", "pathlib._local")
        for name in ("PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath", "Path")
    },
    **{("torch", f"{kind}Storage"): getattr(torch, f"{kind}Storage") for kind in _STORAGES},
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise _Forbidden(f"{module}.{name}") from None


class _Restricted:
    """Stands in for the module `pickle`, as torch.load takes it."""

    __name__ = "pickle"
    Unpickler = _Unpickler
    UnpicklingError = pickle.UnpicklingError

    @staticmethod
    def load(file: Any, **options: Any) -> Any:
        return _Unpickler(file, **options).load()


def _first_line(exc: BaseException) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0][:200]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
