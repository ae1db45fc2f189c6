"""Variables that a person gives to their command: `NAME=VALUE`, and which names are not theirs to set."""

from __future__ import annotations

import re

from pod_image.contract.keys import key_in

WRITTEN = "A variable is written NAME=VALUE, such as WANDB_MODE=offline."
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_OURS = ("LAUNCHER_", "HF_", "RUNPOD_", "LD_", "PYTHON")
"""Ours, the Hub's, the place's, and those by which a process is made to load something else."""
_ALSO_OURS = frozenset({"PATH", "DATASET_DIR", "OUT_DIR", "VIRTUAL_ENV", "HUGGING_FACE_HUB_TOKEN"})
_IS_VALUE = re.compile(r"[0-9a-f]{32,}")
"""Letters of a key, where its name was meant."""
_OF_INPUT = re.compile(r"INPUT_\d+")


def variable(text: str) -> tuple[str, str]:
    """Name and value. Raises ValueError with what is wrong; the value is not quoted."""
    name, sign, value = text.partition("=")
    if not sign or not _NAME.fullmatch(name):
        raise ValueError(WRITTEN)
    _refuse_ours(name)
    if "\0" in value:
        raise ValueError(
            f"the value of {name} contains a NUL character, which is not allowed in a variable"
        )
    return name, value


def _refuse_ours(name: str) -> None:
    if name in _ALSO_OURS or name.upper().startswith(_OURS) or _OF_INPUT.fullmatch(name):
        raise ValueError(f"{name} is set by the pod and cannot be changed")


def checked_variable(text: str) -> str:
    """For a setting: the text itself, once it can be read."""
    variable(text)
    return text


def checked_secret(name: str) -> str:
    """The name of a secret, which the command finds its value under. Raises ValueError; a value is not quoted."""
    if not _NAME.fullmatch(name) or _IS_VALUE.fullmatch(name) or key_in((name,)):
        raise ValueError(
            "give only the name of a secret, such as WANDB_API_KEY; you are asked for its value"
        )
    _refuse_ours(name)
    return name


def checked_package(text: str) -> str:
    """What pip installs, such as trl==1.16.0: no option, which could lead it anywhere. Raises ValueError."""
    if text.startswith("-") or not re.match(r"[A-Za-z0-9]", text):
        raise ValueError("a package is written NAME or NAME==VERSION")
    return text


def checked_folder(text: str) -> str:
    """A folder below the command's. Raises ValueError."""
    parts = text.replace("\\", "/").split("/")
    if text.startswith(("/", "\\")) or ".." in parts or ":" in text:
        raise ValueError("the folder must be inside the command's own folder")
    return text
