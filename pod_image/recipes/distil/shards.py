"""Clips on their way to the results repo, some hundred to a file, and back again in another pod."""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pod_image.contract.whole_file import replacing, write_whole
from pod_image.recipes.distil.rows import Row, rows_in

FOLDER = "spoken"
"""Path relative to the run's folder."""
PATTERN = "clips-*.tar"
ROWS_NAME = "rows.jsonl"
TABLE_NAME = "metadata.csv"
MOST_CLIP_BYTES = 50_000_000
MOST_ROWS_BYTES = 100_000_000


def clip_file(key: str) -> str:
    """A clip that was heard, as it is kept and trained on."""
    return f"{key}.flac"


@dataclass
class Shards:
    """`goal` is where they are delivered from. Each is whole, and never written again."""

    goal: Path
    clips: Path
    sent: set[str] = field(default_factory=set)
    """Keys of the rows that are in one."""

    def bring_back(self) -> dict[str, Row]:
        """The rows of all shards that are there, their clips put where clips are. A torn one is passed over."""
        found: dict[str, Row] = {}
        self.clips.mkdir(parents=True, exist_ok=True)
        for path in self._files():
            try:
                found |= self._unpacked(path)
            except (tarfile.TarError, OSError, ValueError, EOFError):
                continue
        self.sent |= found.keys()
        return found

    def write(self, rows: Iterable[Row]) -> Path | None:
        """One more shard, of those rows that are in none; None without any. Raises OSError."""
        new = [row for row in rows if row.key not in self.sent]
        if not new:
            return None
        self.goal.mkdir(parents=True, exist_ok=True)
        path = self.goal / f"clips-{len(self._files()) + 1:04d}.tar"
        kept = [row for row in new if (self.clips / clip_file(row.key)).is_file()]
        with replacing(path, is_durable=True) as part, tarfile.open(part, "w") as archive:
            _put(archive, ROWS_NAME, "".join(row.to_line() for row in new))
            _put(archive, TABLE_NAME, table_of(kept))
            for row in kept:
                archive.add(self.clips / clip_file(row.key), clip_file(row.key), filter=_nobodys)
        self.sent |= {row.key for row in new}
        return path

    def _files(self) -> list[Path]:
        return sorted(self.goal.glob(PATTERN))

    def _unpacked(self, path: Path) -> dict[str, Row]:
        """Nothing of the archive decides where anything is written."""
        with tarfile.open(path) as archive:
            rows = rows_in(_read(archive, ROWS_NAME, MOST_ROWS_BYTES).decode("utf-8").splitlines())
            there = set(archive.getnames())
            for key in rows:
                if not key.isalnum():
                    raise ValueError(f"{key!r} is no key")
                name, goal = clip_file(key), self.clips / clip_file(key)
                if name in there and not goal.exists():
                    write_whole(goal, _read(archive, name, MOST_CLIP_BYTES))
        return rows


def table_of(rows: Sequence[Row], more: Mapping[str, str] | None = None) -> str:
    """file|text, as a dataset has it; with `more`, a last column of that by key."""
    written = io.StringIO()
    table = csv.writer(written, delimiter="|", lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    for row in rows:
        text = row.text.replace("|", " ")
        table.writerow((clip_file(row.key), text, *([more[row.key]] if more else [])))
    return written.getvalue()


def _put(archive: tarfile.TarFile, name: str, text: str) -> None:
    raw = text.encode("utf-8")
    entry = tarfile.TarInfo(name)
    entry.size = len(raw)
    archive.addfile(entry, io.BytesIO(raw))


def _read(archive: tarfile.TarFile, name: str, most_bytes: int) -> bytes:
    """Raises ValueError for what is no file of a fitting size."""
    member = archive.getmember(name) if name in archive.getnames() else None
    file = archive.extractfile(member) if member is not None and member.isreg() else None
    if member is None or file is None or member.size > most_bytes:
        raise ValueError(f"{name} is not in it")
    return file.read()


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without who made it and when: equal clips make equal archives."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime, entry.mode = 0, 0o644
    return entry
