"""Parquet as `datasets` writes it: texts and clips in one file. The only user of pyarrow."""

from __future__ import annotations

import importlib
import io
import threading
from typing import Any

from pod_image.contract.findings import Finding
from pod_image.dataset.archives import SourceFile
from pod_image.dataset.columns import FILE_NAMES
from pod_image.dataset.dataset_error import DatasetError
from pod_image.dataset.findings import Code
from pod_image.dataset.source import Entry, FileSource
from pod_image.dataset.tables import Table, add_record

MOST_CLIP_BYTES = 512 * 2**20


class ParquetSource:
    """A source whose parquet files with audio inside look like folders of clips.

    On a remote source the clips inside are not listed, since their sizes alone would cost the whole download.
    """

    def __init__(self, base: FileSource) -> None:
        self._base = base
        self._clips: dict[str, tuple[str, int, int]] = {}
        self._lock = threading.Lock()
        self._group: tuple[str, int, list[bytes | None]] | None = None
        self.tables: list[Table] = []
        self.findings: list[Finding] = []
        self.has_unlisted = False
        clips: list[Entry] = []
        for entry in base.entries():
            if entry.path.lower().endswith(".parquet"):
                clips.extend(self._open(entry))
        self._entries = sorted([*base.entries(), *clips], key=lambda entry: entry.path)

    @property
    def name(self) -> str:
        return self._base.name

    @property
    def is_remote(self) -> bool:
        return self._base.is_remote

    def entries(self) -> list[Entry]:
        return self._entries

    def is_packed(self, path: str) -> bool:
        return path in self._clips

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        if path not in self._clips:
            return self._base.read(path, start, length)
        file, group, index = self._clips[path]
        with self._lock:
            if self._group is None or self._group[:2] != (file, group):
                self._group = (file, group, self._clips_of(file, group))
            clip = self._group[2][index] or b""
        return clip[start:] if length is None else clip[start : start + length]

    def _open(self, entry: Entry) -> list[Entry]:
        table = Table(entry.path)
        try:
            clips = self._read(entry, table)
        except ImportError:
            self.findings.append(
                Code.EXTRA_MISSING.finding(
                    entry.path, "Reading parquet needs pyarrow.",
                    "pip install 'pod-launcher[audio]'",
                )
            )  # fmt: skip
            return []
        except (OSError, ValueError) as exc:  # pyarrow's errors are both
            self.findings.append(
                Code.ARCHIVE_DAMAGED.finding(
                    entry.path, f"The parquet file cannot be read: {exc}.",
                    "Write it again with datasets' to_parquet.",
                )
            )  # fmt: skip
            return []
        self.tables.append(table)
        return clips

    def _read(self, entry: Entry, table: Table) -> list[Entry]:
        parquet = self._file(entry.path, entry.size)
        names = [field.name for field in parquet.schema_arrow]
        audio = self._audio_column(parquet)
        if audio is not None and self._base.is_remote:
            self._say_unlisted(entry)
        plain = [name for name in names if name != audio]
        clips: list[Entry] = []
        number = 0
        for group in range(parquet.num_row_groups):
            records = parquet.read_row_group(group, columns=plain).to_pylist()
            sizes = self._sizes(entry.path, group, audio)
            for index, record in enumerate(records):
                number += 1
                place = f"{entry.path} row {number}"
                if audio is not None:
                    name = f"{entry.path}.clips/{number:06d}.wav"
                    record[FILE_NAMES[0]] = name
                    if sizes is not None:
                        clips.append(Entry(name, sizes[index]))
                        self._clips[name] = (entry.path, group, index)
                add_record(table, place, record)
        return clips

    def _say_unlisted(self, entry: Entry) -> None:
        self.has_unlisted = True
        self.findings.append(
            Code.ARCHIVE_UNLISTED.finding(
                entry.path,
                "Clips inside a parquet file are looked at only once it is fetched; the texts are checked.",
                "Nothing to do; loose files or zip shards would be looked at in full.",
            )
        )  # fmt: skip

    def _file(self, path: str, size: int) -> Any:
        parquet = importlib.import_module("pyarrow.parquet")
        return parquet.ParquetFile(io.BufferedReader(SourceFile(self._base, path, size), 2**16))

    def _audio_column(self, parquet: Any) -> str | None:
        """The column that holds the clips' bytes, as `datasets` casts Audio: struct of bytes and path."""
        for field in parquet.schema_arrow:
            kind = field.type
            if str(kind).startswith("struct") and kind.get_field_index("bytes") >= 0:
                return str(field.name)
        return None

    def _sizes(self, path: str, group: int, audio: str | None) -> list[int] | None:
        if audio is None or self._base.is_remote:
            return None
        return [len(clip or b"") for clip in self._clips_of(path, group)]

    def _clips_of(self, path: str, group: int) -> list[bytes | None]:
        size = next(each.size for each in self._base.entries() if each.path == path)
        parquet = self._file(path, size)
        audio = self._audio_column(parquet)
        column = parquet.read_row_group(group, columns=[audio]).column(0)
        clips = [None if each is None else each.get("bytes") for each in column.to_pylist()]
        if any(clip is not None and len(clip) > MOST_CLIP_BYTES for clip in clips):
            raise DatasetError(
                f"{path} holds a clip of more than 512 MB.", hint="Cut it into clips."
            )
        return clips
