"""Where results go, as one text: a repo of Hugging Face, a folder here, or one of a machine by ssh.

`me/voice`, `/home/me/voices`, `gpubox:/data/voices`. Standard library alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import normpath
from typing import Any

_FOLDER = re.compile(r"(?:(?P<host>[A-Za-z0-9_][\w@.:\[\]-]*):)?(?P<path>/[^/].*)", re.DOTALL)


@dataclass(frozen=True)
class FolderAddress:
    """`host` is empty where the folder is on this machine."""

    host: str
    path: str

    def __str__(self) -> str:
        return f"{self.host}:{self.path}" if self.host else self.path


def folder_in(results: str) -> FolderAddress | None:
    """The folder that a text names; None where it names a repo."""
    found = _FOLDER.fullmatch(results)
    return FolderAddress(found["host"] or "", found["path"]) if found else None


def is_folder(results: str) -> bool:
    return folder_in(results) is not None


def results_kind(results: str) -> str:
    """What it is, as sentences call it."""
    return "results folder" if is_folder(results) else "results repo"


def results_in(settings: Mapping[str, Any]) -> str:
    """Where the results of these settings go; empty where they do not say."""
    if folder := str(settings.get("results_folder") or ""):
        return str(FolderAddress(str(settings.get("host") or ""), folder))
    return str(settings.get("results_repo") or "")


def name_below(results: str) -> str:
    """A relative path for copies of what is there: never the folder itself, which a copy must not touch."""
    folder = folder_in(results)
    return f"folders/{folder.host or 'here'}{normpath(folder.path)}" if folder else results
