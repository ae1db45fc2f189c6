"""What a run brings along from the person's computer: one list of files that the plan makes and the pod holds them to.

The pod is told the list's hash alone; list and files lie in the results repo, in a folder per content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pod_image.contract.contract_error import ContractError
from pod_image.contract.paths import safe_path

MOST_BYTES = 50_000_000
"""Of all files together: more belongs in a repo of its own, which a run only names."""
MOST_FILES = 2_000
FOLDER = "_brought"
"""Of the results repo, and of the pod's disk. `_`: it is no run, and runs that bring the same share it."""
CONFIGURATION = "config"
"""Below the command's folder: what the recipe made of a trainer's own settings."""
REQUIREMENTS = ".requirements"
"""Below the command's folder: lists of packages, which are no results."""
_CHANGED = (
    f"The folder {FOLDER} of the results repo was changed after the plan was made. Delete it there and start "
    "the run again; the files are then sent again."
)


NAMELESS = frozenset({"", ".", "..", "~"})
"""What a name may end with that says nothing of its own: what is in such a folder goes to the command's own."""


def split_bring(text: str) -> tuple[str, str]:
    r"""Name on this computer, and place below the command's folder; the place is empty where none is said.

    The colon of a Windows drive is none of ours: `C:\x\train.py`, `C:/x/train.py:lib/train.py`.
    """
    name, colon, place = text.rpartition(":")
    if not colon or (_is_drive(name) and place[:1] in ("", "/", "\\")):
        return text, ""
    return name, place


def _is_drive(name: str) -> bool:
    return len(name) == 1 and name.isascii() and name.isalpha()


def checked_bring(text: str) -> str:
    """For a setting: the text itself, once its place is one below the command's folder. Raises ValueError."""
    _, place = split_bring(text)
    if place and not _is_root(place) and safe_path(place) is None:
        raise ValueError(
            f"the path {place!r} must be inside the command's folder, such as lib/train.py"
        )
    return text


def _is_root(place: str) -> bool:
    return place.replace("\\", "/").strip("/") == "." and not place.startswith("/")


class BroughtFile(BaseModel):
    """`path` is below the command's folder, and never leads out of it."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    path: str = Field(min_length=1, max_length=1_000)
    size_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    is_executable: bool = False


class BroughtList(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    files: tuple[BroughtFile, ...] = Field(default=(), max_length=MOST_FILES)

    @classmethod
    def of(cls, files: Iterable[BroughtFile]) -> Self:
        """Sorted: the same files make the same list."""
        return cls(files=tuple(sorted(files, key=lambda file: file.path)))

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    def to_json(self) -> bytes:
        return (self.model_dump_json(indent=1) + "\n").encode()

    @property
    def sha256(self) -> str:
        """What the pod is told; empty where nothing is brought."""
        return hashlib.sha256(self.to_json()).hexdigest() if self.files else ""

    @classmethod
    def from_json(cls, content: bytes | None, sha256: str) -> Self:
        """The list of that hash. Raises ContractError for any other, and for a path that leads out of the folder."""
        if content is None:
            raise ContractError("The list of files sent with the run is missing.", hint=_CHANGED)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ContractError(
                "The list of files sent with the run differs from the plan.", hint=_CHANGED
            )
        try:
            listed = cls.model_validate_json(content)
        except ValidationError:
            raise ContractError(
                "The list of files sent with the run cannot be read.",
                hint="Use an image from the same release as the launcher.",
            ) from None
        for file in listed.files:
            if safe_path(file.path) != file.path:
                raise ContractError(
                    f"The file {file.path!r}, sent with the run, would land outside the command's folder.",
                    hint="Choose a path inside that folder.",
                )
        return listed

    def refuse_changed(self, found: dict[str, int]) -> None:
        """`found`: paths and sizes as the repo lists them. Raises ContractError where they are not these files'."""
        for file in self.files:
            if file.path not in found:
                raise ContractError(
                    f"{file.path}, sent with the run, is missing from the results repo.",
                    hint=_CHANGED,
                )
            if found[file.path] != file.size_bytes:
                raise changed(file.path)
        more = sorted(set(found) - {file.path for file in self.files})
        if more:
            raise ContractError(
                f"The folder for files sent with the run also contains {more[0]}, which is not in the plan.",
                hint=_CHANGED,
            )


def changed(path: str) -> ContractError:
    return ContractError(
        f"{path}, sent with the run, is not the file in the plan: its content differs.",
        hint=_CHANGED,
    )


def repo_folder(sha256: str) -> str:
    """Where the list and its files are in a results repo: a folder per content, which is never written anew."""
    return f"{FOLDER}/{sha256[:16]}"


def list_path(sha256: str) -> str:
    return f"{repo_folder(sha256)}/list.json"


def files_folder(sha256: str) -> str:
    return f"{repo_folder(sha256)}/files"
