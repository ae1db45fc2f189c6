"""What a run brings along from this computer, as the plan read it: what is shown is what is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pod_image.contract.brought import BroughtFile, BroughtList, files_folder, list_path

if TYPE_CHECKING:
    from pod_image.contract.settings import RunSettings


@dataclass(frozen=True)
class LocalFile:
    """A file of this computer as it was read; `path` is its place below the command's folder, and no name of here."""

    path: str
    content: bytes = field(repr=False)
    is_executable: bool = False

    @cached_property
    def listed(self) -> BroughtFile:
        return BroughtFile(
            path=self.path,
            size_bytes=len(self.content),
            sha256=hashlib.sha256(self.content).hexdigest(),
            is_executable=self.is_executable,
        )


@dataclass(frozen=True)
class Brought:
    """`places`: by setting, what the pod is told in place of names of this computer."""

    files: tuple[LocalFile, ...] = ()
    places: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def listed(self) -> BroughtList:
        return BroughtList.of(file.listed for file in self.files)

    @property
    def sha256(self) -> str:
        """Of the list, in which each file's own stands; empty where nothing is brought."""
        return self.listed.sha256

    def in_repo(self) -> dict[str, bytes]:
        """List and files by their paths in the results repo."""
        if not self.files:
            return {}
        start = files_folder(self.sha256)
        files = {f"{start}/{file.path}": file.content for file in self.files}
        return {**files, list_path(self.sha256): self.listed.to_json()}

    def settings_on_pod(self, settings: RunSettings) -> dict[str, Any]:
        """Values that take the place of every one that names a file of this computer."""
        from pod_image.contract.settings import SETTINGS

        values = settings.model_dump()
        return {
            name: self.places.get(name, () if setting.is_list else "")
            for name, setting in SETTINGS.items()
            if setting.knob.is_local and values[name]
        }
