"""What a folder holds at one of its versions: every file by size and hash, as its list says it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class FileSums:
    size_bytes: int
    sha256: str
    git_sha1: str

    @classmethod
    def of(cls, content: Path | bytes) -> FileSums:
        """Read the content once. A file must not change meanwhile. Raises OSError."""
        if isinstance(content, bytes):
            return cls.copying(BytesIO(content), None, len(content))
        with content.open("rb") as stream:
            return cls.copying(stream, None, content.stat().st_size)

    @classmethod
    def copying(cls, source: BinaryIO, target: BinaryIO | None, size_bytes: int) -> FileSums:
        """Of what is read, and written to `target` on the way. `size_bytes` is what the source is long."""
        sha256 = hashlib.sha256()
        sha1 = hashlib.sha1(b"blob %d\0" % size_bytes, usedforsecurity=False)
        count = 0
        while piece := source.read(PIECE_BYTES):
            sha256.update(piece)
            sha1.update(piece)
            count += len(piece)
            if target is not None:
                target.write(piece)
        return cls(count, sha256.hexdigest(), sha1.hexdigest())


@dataclass(frozen=True)
class Contents:
    """`commit` names this version; `files` are by their paths below the folder."""

    commit: str
    files: Mapping[str, FileSums]

    def __post_init__(self) -> None:
        if not self.commit.isalnum():
            raise ValueError("A version cannot have this name: a list has the name of its version.")

    @classmethod
    def of(cls, files: Mapping[str, FileSums], after: str, message: str) -> Contents:
        """The version that follows another one."""
        text = json.dumps([after, message, rows_of(files)])
        return cls(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), files)

    @classmethod
    def parse(cls, raw: bytes) -> Contents | None:
        """None where it is no list of ours."""
        try:
            document = json.loads(raw)
            return cls(str(document["commit"]), files_in(document["files"]))
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
            return None

    def to_json(self) -> str:
        return json.dumps({"commit": self.commit, "files": rows_of(self.files)})

    def below(self, under: str) -> dict[str, FileSums]:
        inside = f"{under.strip('/')}/" if under.strip("/") else ""
        return {path: sums for path, sums in self.files.items() if path.startswith(inside)}

    def path_of(self, sha256: str) -> str | None:
        """Some file with that content."""
        return next((path for path, sums in self.files.items() if sums.sha256 == sha256), None)


def rows_of(files: Mapping[str, FileSums]) -> list[list[Any]]:
    """As a list of files is kept, and sent to another machine."""
    return [[path, each.size_bytes, each.sha256, each.git_sha1] for path, each in files.items()]


def files_in(rows: Iterable[list[Any]]) -> dict[str, FileSums]:
    """What `rows_of` wrote. Raises TypeError, ValueError."""
    files = {
        str(path): FileSums(int(size_bytes), str(sha256), str(git_sha1))
        for path, size_bytes, sha256, git_sha1 in rows
    }
    if not all(sums.sha256.isalnum() for sums in files.values()):
        raise ValueError("No file has such a hash: what is kept of it is called by it.")
    return files
