"""Checkpoints: ours written in the published layout, and anyone's read without running code from them."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pod_image.contract.whole_file import replacing
from pod_image.recipes.piper.recipe_error import RecipeError

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
    with replacing(path, is_durable=True) as part:
        with part.open("wb") as file:
            torch.save(document, file)
        return part.stat().st_size


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint of ours or a published one, on the CPU; nothing in the file is executed.

    For files of this run. Those of strangers are read by `foreign_voice`, which does this in a process apart.
    Raises RecipeError for a file that is not one, is cut short, or asks for anything but tensors and plain values.
    """
    document = _load(path)
    if not isinstance(document, dict) or not isinstance(document.get("state_dict"), dict):
        raise RecipeError(
            f"{path.name} is not a Piper checkpoint: it has no state_dict.",
            hint="Choose the .ckpt file of a Piper voice.",
        )
    named = {k: v for k, v in document["state_dict"].items() if isinstance(k, str)}
    state = {k: v for k, v in named.items() if isinstance(v, Tensor)}
    if not any(name.startswith(GENERATOR) for name in state):
        raise RecipeError(
            f"{path.name} is a checkpoint of another model: it has no tensor named {GENERATOR}*.",
            hint="Choose the .ckpt file of a Piper voice.",
        )
    return Checkpoint(
        state,
        _mapping(document.get("hyper_parameters")),
        _count(document.get("epoch")),
        _count(document.get("global_step")),
        list(_listed(document.get("optimizer_states"))),
        _mapping(document.get(OWN_KEY)),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(value: Any) -> int:
    return value if type(value) is int and 0 <= value < 1 << 62 else 0


def _load(path: Path) -> Any:
    try:
        is_zip = zipfile.is_zipfile(path)
        if is_zip:
            _refuse_what_is_no_data(path)
        # The few names that published files ask for beyond tensors: the trainer's folders. As text they load on
        # every system. Ours ask for none.
        with torch.serialization.safe_globals(_PATHS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old formats, which are read all the same
            # Mapped, not read: two thirds of a published file are optimiser moments that nobody asks for.
            return torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except FileNotFoundError:
        raise RecipeError(
            f"There is no checkpoint {path}.", hint="Check the name of the base checkpoint."
        ) from None
    except pickle.UnpicklingError as exc:
        asked = _FORBIDDEN.search(str(exc))
        if asked is None:
            raise _unreadable(path, exc) from exc
        raise RecipeError(
            f"{path.name} is refused: it asks for {asked['name'][:100]}, which a checkpoint has no need of.",
            hint="The file may have been made to run code. Take the checkpoint from the voice's own repository.",
        ) from None
    except RecipeError:
        raise
    except (
        Exception
    ) as exc:  # a damaged file makes torch raise a dozen kinds, IndexError among them
        raise _unreadable(path, exc) from exc


def _refuse_what_is_no_data(path: Path) -> None:
    """Before torch sees it: an archive with a program in it, or one that is small here and huge when unpacked."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if "code" in parts[:-1] or parts[-1] == "constants.pkl":
            raise RecipeError(
                f"{path.name} is refused: it holds a program (TorchScript), not a checkpoint.",
                hint="Take the .ckpt from the voice's own repository.",
            )
        if entry.compress_type != zipfile.ZIP_STORED:
            raise RecipeError(
                f"{path.name} is refused: its parts are compressed, which no trainer does.",
                hint="Take the .ckpt from the voice's own repository.",
            )


def _unreadable(path: Path, exc: Exception) -> RecipeError:
    return RecipeError(
        f"{path.name} cannot be read as a checkpoint: {_first_line(exc)}",
        hint="It may be incomplete. Compare its size with the one in its repo, and download it again.",
    )


def _path_text(*parts: str) -> str:
    return "/".join(parts).replace("//", "/")


_PATHS: list[Any] = [
    (_path_text, f"{module}.{name}")
    for module in ("pathlib", "pathlib._local")
    for name in ("PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath", "Path")
]
_FORBIDDEN = re.compile(r"GLOBAL (?P<name>\S+) (?:was not an allowed|whose module)")


def _first_line(exc: BaseException) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0][:200]
