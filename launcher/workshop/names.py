"""Names of datasets and clips that are safe as files on every system; pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path

from launcher.errors import InvalidRequest
from pod_image.contract.paths import is_safe_name

LONGEST_NAME = 64
LONGEST_PREFIX = 48
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def checked_name(name: str) -> str:
    """The name of a dataset, if it can be a folder's name anywhere. InvalidRequest otherwise."""
    if len(name) > LONGEST_NAME or not _SAFE.fullmatch(name) or name.endswith("."):
        raise InvalidRequest(
            f"{name[:80]!r} cannot be the name of a dataset.",
            hint=f"Use up to {LONGEST_NAME} letters, digits, '.', '-' and '_', beginning with a letter or digit.",
        )
    if not is_safe_name(name):
        raise InvalidRequest(
            f"{name!r} is a reserved name on Windows.",
            hint="Choose another name, such as my-clips.",
        )
    return name


def dataset_folder(root: Path, name: str) -> Path:
    """Where a dataset of this name lies below `root`, in whatever case it was first written."""
    checked_name(name)
    if root.is_dir():
        for there in root.iterdir():
            if (
                there.name.casefold() == name.casefold()
                and there.is_dir()
                and not there.is_symlink()
            ):
                return there
    return root / name


def repo_name(dataset: str) -> str:
    """A dataset's name as the Hub takes it for a repo: plain letters, digits, '.', '-' and '_'."""
    plain = unicodedata.normalize("NFKD", dataset).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", plain)
    return re.sub(r"([.-])[.-]+", r"\1", safe).strip("-._")[:LONGEST_NAME] or "dataset"


def clip_prefix(recording: str) -> str:
    """A recording's name as the beginning of its clips' names: plain letters, digits, '-' and '_'."""
    stem = recording.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    safe = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-_")[:LONGEST_PREFIX]
    if is_safe_name(safe):
        return safe
    return "clip-" + hashlib.sha256(stem.encode()).hexdigest()[:8]
