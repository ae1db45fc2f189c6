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
FEWEST_CLIP_BYTES = 32
"""A header alone has more."""
NO_CLIP = -1
INSIDE = ".clips/"


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
        plain = [name for name in names if name != audio]
        clips: list[Entry] = []
        number = 0
        for group in range(parquet.num_row_groups):
            records = parquet.read_row_group(group, columns=plain).to_pylist()
            sizes = self._sizes(entry.path, parquet, group, audio, len(records))
            paths = self._paths(parquet, group, audio) if NO_CLIP in sizes else []
            for index, record in enumerate(records):
                number += 1
                place = f"{entry.path} row {number}"
                if audio is not None and sizes[index] != NO_CLIP:
                    name = f"{entry.path}{INSIDE}{number:06d}.wav"
                    record[FILE_NAMES[0]] = name
                    if sizes[index] is not None:
                        clips.append(Entry(name, sizes[index] or 0))
                        self._clips[name] = (entry.path, group, index)
                elif audio is not None and paths[index]:
                    record[FILE_NAMES[0]] = paths[index]
                elif audio is not None:
                    table.find(
                        Code.BAD_LINE, place, "This row has neither a clip nor the name of its file.",
                        "Write it again with datasets' to_parquet, with embed_external_files.",
                    )  # fmt: skip
                    continue
                add_record(table, place, record)
        if self._base.is_remote and any(is_embedded(row.file) for row in table.rows):
            self._say_unlisted(entry)
        return clips

    def _say_unlisted(self, entry: Entry) -> None:
        self.findings.append(
            Code.ARCHIVE_UNLISTED.finding(
                entry.path,
                "Clips inside a parquet file are checked only after it is fetched; the texts are checked now.",
                "Nothing to do; single files or ZIP shards would be checked completely.",
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

    def _sizes(
        self, path: str, parquet: Any, group: int, audio: str | None, count: int
    ) -> list[int | None]:
        """Bytes of each clip of a group; NO_CLIP where there is none, None where it cannot be known from afar."""
        if audio is None or _holds_nothing(parquet, group, audio):
            return [NO_CLIP] * count
        if self._base.is_remote:
            return [None] * count
        clips = self._clips_of(path, group)
        return [NO_CLIP if clip is None else len(clip) for clip in clips]

    def _paths(self, parquet: Any, group: int, audio: str | None) -> list[str | None]:
        """What `datasets` calls the file of each clip: read where the clips themselves are elsewhere."""
        if audio is None or parquet.schema_arrow.field(audio).type.get_field_index("path") < 0:
            return [None] * parquet.metadata.row_group(group).num_rows
        column = parquet.read_row_group(group, columns=[f"{audio}.path"]).column(0)
        return [each and each.get("path") for each in column.to_pylist()]

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


def is_embedded(name: str) -> bool:
    """Whether a row means the clip inside of its parquet file."""
    return f".parquet{INSIDE}" in name.lower()


def _holds_nothing(parquet: Any, group: int, audio: str) -> bool:
    """Whether a group has no clip at all, by what the file's own summary says: nothing is read for it."""
    rows = parquet.metadata.row_group(group)
    for index in range(rows.num_columns):
        column = rows.column(index)
        if column.path_in_schema == f"{audio}.bytes":
            counts = column.statistics
            if counts is not None and counts.has_null_count:
                return bool(counts.null_count == rows.num_rows)
            return bool(column.total_uncompressed_size < FEWEST_CLIP_BYTES * rows.num_rows)
    return False
