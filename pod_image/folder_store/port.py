"""What a folder has to be able to do, whichever machine it is on. `OwnFolder` says what each call promises."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from pod_image.folder_store.contents import FileSums


class ReadableFolder(Protocol):
    """Every call is blocking, and raises FolderTrouble."""

    def too_wide(self) -> str: ...

    def commit(self, revision: str = "") -> str: ...

    def files(self, revision: str = "", under: str = "") -> dict[str, FileSums]: ...

    def read(self, revision: str, path: str, start: int, length: int) -> bytes: ...


class Folder(ReadableFolder, Protocol):
    """One that results go to."""

    def is_there(self) -> bool: ...

    def may_be_written(self) -> bool: ...

    def has_others(self) -> bool: ...

    def ensure(self) -> bool: ...

    def tags(self) -> dict[str, str]: ...

    def tag(self, commit: str, name: str) -> None: ...

    def proven(self, commit: str, paths: Collection[str]) -> dict[str, FileSums]: ...

    def read_card(self) -> bytes | None: ...

    def put(
        self,
        files: Mapping[str, Path | bytes],
        message: str,
        *,
        deletes: Collection[str] = (),
        parent: str = "",
    ) -> str: ...
