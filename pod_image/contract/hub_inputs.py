"""Repos of the Hub that a run fetches beside its dataset, as its settings name them: one word for each."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from pod_image.contract.paths import safe_path

WRITTEN = (
    "Write OWNER/NAME for a model, datasets/OWNER/NAME for a dataset. You may add @REVISION, and :FOLDER for "
    "where to put it."
)
VARIABLE = "INPUT_{}"
"""Where input n is, for the command: in its environment, its words and its templates."""
NAME = r"[A-Za-z0-9][\w.-]*"
"""An owner, or the name of a repo."""
REPO = re.compile(rf"{NAME}/{NAME}")
_WORD = re.compile(
    rf"(?P<dataset>datasets/)?(?P<repo>(?!(?:datasets|models|spaces)/){NAME}/{NAME})"
    r"(?:@(?P<revision>[\w./-]{1,200}))?(?::(?P<folder>.+))?"
)
_LONGEST_REPO = 96


@dataclass(frozen=True)
class HubInput:
    """One repo. `revision` and `folder` are empty where the word names none."""

    repo: str
    kind: Literal["dataset", "model"] = "model"
    revision: str = ""
    folder: str = ""
    """Where the command finds it, below its own folder."""

    @property
    def name(self) -> str:
        """As a person writes the repo, without revision and folder."""
        return f"datasets/{self.repo}" if self.kind == "dataset" else self.repo

    def at(self, revision: str) -> HubInput:
        return replace(self, revision=revision)

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision else ""
        return f"{self.name}{at}{f':{self.folder}' if self.folder else ''}"


def hub_input(word: str) -> HubInput:
    """Raises ValueError with what is wrong."""
    found = _WORD.fullmatch(word)
    if found is None or len(found["repo"]) > _LONGEST_REPO:
        raise ValueError(WRITTEN)
    kind: Literal["dataset", "model"] = "dataset" if found["dataset"] else "model"
    folder = _below(found["folder"]) if found["folder"] else ""
    return HubInput(found["repo"], kind, found["revision"] or "", folder)


def _below(folder: str) -> str:
    safe = safe_path(folder)
    if safe is None or folder.startswith("~"):
        raise ValueError(f"the folder {folder} must be inside the command's own folder")
    return safe


def checked_input(word: str) -> str:
    """For a setting: the word as it is always written."""
    return str(hub_input(word))


def checked_model(word: str) -> str:
    """The same for a setting that names a model; it may be empty."""
    found = hub_input(word) if word else None
    if found is not None and found.kind != "model":
        raise ValueError(f"{found.repo} is given as a dataset, but a model is needed here")
    return str(found) if found else ""


def usual_folder(number: int) -> str:
    """Where input n is put when nobody says."""
    return f"inputs/{number}"
