"""A folder that a person filled: read as it is, and never written to. Its version is what its files hold."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from pod_image.folder_store.below import Below
from pod_image.folder_store.contents import FileSums
from pod_image.folder_store.trouble import FolderFault, FolderTrouble
from pod_image.folder_store.width import too_wide

_Seen = tuple[str, int, int, int]
_KNOWN: dict[_Seen, FileSums] = {}
"""What was read already, while name, size, time of change and number stay the same."""


@dataclass(frozen=True)
class PlainFolder:
    """Every call raises FolderTrouble. A version is there for as long as nobody changes a file."""

    root: Path

    def too_wide(self) -> str:
        return too_wide(self.root)

    def commit(self, revision: str = "") -> str:
        text = json.dumps([[path, sums.sha256] for path, sums in self.files().items()])
        now = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        if revision not in ("", "main", now):
            raise FolderTrouble(
                FolderFault.NOT_IN_IT,
                f"{self.root} was changed since then, and keeps no earlier version.",
                "Make the plan again.",
            )
        return now

    def files(self, revision: str = "", under: str = "") -> dict[str, FileSums]:
        """Hidden files and folders are left out, and links are not followed."""
        if revision not in ("", "main"):
            self.commit(revision)
        inside = f"{under.strip('/')}/" if under.strip("/") else ""
        try:
            paths = sorted(path.relative_to(self.root).as_posix() for path in self._walk())
            return {path: self._sums(path) for path in paths if path.startswith(inside)}
        except OSError as exc:
            raise self._trouble(exc) from exc

    def read(self, revision: str, path: str, start: int, length: int) -> bytes:
        parts = path.split("/")
        if any(part in ("", "..") or part.startswith(".") for part in parts):
            raise FolderTrouble(FolderFault.NOT_IN_IT, f"{self.root} has no file {path}.")
        try:
            with Below(self.root).reading(path) as (stream, _):
                stream.seek(start)
                return stream.read(length)
        except FileNotFoundError:
            raise FolderTrouble(FolderFault.NOT_IN_IT, f"{self.root} has no file {path}.") from None
        except OSError as exc:
            raise self._trouble(exc) from exc

    def _walk(self) -> list[Path]:
        if not self.root.is_dir():
            raise FolderTrouble(FolderFault.NO_FOLDER, f"There is no folder {self.root}.")
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [each for each in folders if not each.startswith(".")]
            paths = [Path(folder) / name for name in names if not name.startswith(".")]
            found += [path for path in paths if path.is_file() and not path.is_symlink()]
        return found

    def _sums(self, path: str) -> FileSums:
        with Below(self.root).reading(path) as (stream, size_bytes):
            facts = os.fstat(stream.fileno())
            seen = (str(self.root / path), size_bytes, facts.st_mtime_ns, facts.st_ino)
            if seen not in _KNOWN:
                _KNOWN[seen] = FileSums.copying(stream, None, size_bytes)
            return _KNOWN[seen]

    def _trouble(self, exc: OSError) -> FolderTrouble:
        return FolderTrouble(
            FolderFault.UNUSABLE, f"{exc.filename or self.root} cannot be read: {exc.strerror}."
        )
