"""Tar and zip shards seen as folders, without unpacking them and without trusting them."""

from __future__ import annotations

import io
import re
import struct
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from pod_image.contract.figures import size
from pod_image.contract.findings import Finding
from pod_image.contract.leavings import is_left_behind
from pod_image.contract.paths import safe_path
from pod_image.dataset.file_remedies import SHARD
from pod_image.dataset.findings import Code
from pod_image.dataset.source import Entry, FileSource

MOST_MEMBERS = 200_000
MOST_INFLATION = 200
"""Even digital silence in a zip stays below; a bomb has a thousand or more."""
FREE_INFLATION_BYTES = 64 * 2**20
"""Below this total, however inflated, nothing can be harmed."""
MOST_REMOTE_TAR_MEMBERS = 2_000
"""A tar has no index: each member costs a request, and the Hub allows some 3,000 in five minutes."""
READ_AHEAD_BYTES = 4096
ZIP_DIRECTORY_BYTES = 128 * 2**10
"""The directory of some 1,500 clips, in one read from the end."""
LOCAL_HEADER_SLACK_BYTES = 512
MOST_NAME_BYTES = 250
"""No system's files have longer names, less what a file is called while it is written."""
_DRIVE = re.compile("[A-Za-z]:")

ARCHIVE_ENDINGS = (".tar", ".tar.gz", ".tgz", ".zip")


class ArchiveError(ValueError):
    """The archive is refused; the text is a sentence without its subject."""


class DamagedMember(OSError):
    """A file inside of a shard cannot be read; the text says which, and where."""


class _Damaged(ArchiveError):
    pass


@dataclass(frozen=True)
class Member:
    """Where one file's bytes lie. `start` is the tar's data or the zip's local header; -1: only by streaming."""

    path: str
    archive: str
    name: str
    size: int
    start: int
    stored_bytes: int
    method: int | None
    checksum: int | None = None


def is_archive(path: str) -> bool:
    return path.lower().endswith(ARCHIVE_ENDINGS)


class SourceFile(io.RawIOBase):
    """One file of a source as a seekable stream, for readers that want one."""

    def __init__(self, source: FileSource, path: str, size: int, tail_bytes: int = 0) -> None:
        """`tail_bytes` from the end are read at once and kept: a zip's directory, a parquet file's footer."""
        super().__init__()
        self._source, self._path, self._size, self._at = source, path, size, 0
        self._tail_at = max(0, size - tail_bytes)
        self._tail = source.read(path, self._tail_at) if tail_bytes else b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), max(0, self._size - self._at))
        if wanted and self._tail and self._at >= self._tail_at:
            piece = self._tail[self._at - self._tail_at :][:wanted]
        else:
            piece = self._source.read(self._path, self._at, wanted) if wanted else b""
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


class OpenedSource:
    """A source whose shards are replaced by their members, each beside the shard that holds it."""

    def __init__(self, base: FileSource) -> None:
        self._base = base
        self._members: dict[str, Member] = {}
        self._streams = threading.Lock()
        self._open_name = ""
        self._open_tar: tarfile.TarFile | None = None
        self.findings: list[Finding] = []
        plain = [entry for entry in base.entries() if not is_archive(entry.path)]
        for entry in base.entries():
            if is_archive(entry.path):
                self._open(entry, taken={each.path for each in plain})
        members = [Entry(each.path, each.size) for each in self._members.values()]
        self._entries = sorted([*plain, *members], key=lambda entry: entry.path)

    @property
    def name(self) -> str:
        return self._base.name

    @property
    def is_remote(self) -> bool:
        return self._base.is_remote

    def entries(self) -> list[Entry]:
        return self._entries

    def is_packed(self, path: str) -> bool:
        return path in self._members

    def container(self, path: str) -> str:
        """The file of the source that holds it: a shard, or the file itself."""
        member = self._members.get(path)
        return path if member is None else member.archive

    def checksum(self, path: str) -> int | None:
        """The CRC-32 that its shard gives; None where that has none."""
        member = self._members.get(path)
        return None if member is None else member.checksum

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        member = self._members.get(path)
        if member is None:
            return self._base.read(path, start, length)
        wanted = max(0, min(member.size - start, member.size if length is None else length))
        try:
            if member.start < 0:
                piece = self._read_stream(member, start, wanted)
            elif member.method is None:
                piece = self._base.read(member.archive, member.start + start, wanted)
            else:
                piece = self._read_zip(member, start, wanted)
        except (zlib.error, tarfile.TarError, EOFError, struct.error) as exc:
            raise DamagedMember(f"{member.archive} is damaged at {member.name}") from exc
        if start == 0 and wanted == member.size:
            _check_sum(member, piece)
        return piece

    def _open(self, entry: Entry, taken: set[str]) -> None:
        try:
            for member in self._list(entry):
                if member.path in self._members or member.path in taken:
                    self._note(
                        Code.NAMES_CLASH,
                        entry.path,
                        f"{member.path} is there twice; the first counts.",
                    )
                else:
                    self._members[member.path] = member
        except _Damaged as exc:
            self._note(Code.ARCHIVE_DAMAGED, entry.path, f"The archive {exc}.")
        except ArchiveError as exc:
            self._note(Code.ARCHIVE_UNSAFE, entry.path, f"The archive {exc}.")
        except (
            tarfile.TarError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            struct.error,
            LookupError,  # zipfile's, for a member without a name
            NotImplementedError,
        ) as exc:
            self._note(Code.ARCHIVE_DAMAGED, entry.path, f"The archive cannot be read: {exc}.")

    def _note(self, code: Code, place: str, message: str) -> None:
        hint = {
            Code.NAMES_CLASH: "Give every clip its own name.",
            Code.PATH_OUTSIDE: "Rename the file, and pack the shard again.",
            Code.ARCHIVE_UNLISTED: "Nothing to do; a ZIP or single files would be checked completely.",
        }.get(code, SHARD)
        self.findings.append(code.finding(place, message, hint))

    def _list(self, entry: Entry) -> Iterator[Member]:
        if entry.size == 0:
            raise _Damaged("is empty")
        lower = entry.path.lower()
        if lower.endswith(".zip"):
            return self._list_zip(entry)
        if lower.endswith(".tar"):
            return self._list_tar(entry, "r:")
        if self._base.is_remote:
            self._note(
                Code.ARCHIVE_UNLISTED,
                entry.path,
                "A compressed tar can only be read once it is fetched completely.",
            )
            return iter(())
        return self._list_tar(entry, "r:gz")

    def _list_zip(self, entry: Entry) -> Iterator[Member]:
        file = SourceFile(self._base, entry.path, entry.size, ZIP_DIRECTORY_BYTES)
        stream = io.BufferedReader(file, 2**16)
        with zipfile.ZipFile(stream) as archive:
            infos = [each for each in archive.infolist() if not each.is_dir()]
        infos = [each for each in infos if not is_left_behind(each.filename)]
        _refuse_bomb(len(infos), sum(each.file_size for each in infos), entry.size)
        if sum(each.compress_size for each in infos) > entry.size:
            raise ArchiveError("has members that overlap, as only decompression bombs have")
        for each in infos:
            if each.flag_bits & 1:
                raise ArchiveError(f"is encrypted ({each.filename})")
            if each.external_attr >> 16 & 0o170000 == 0o120000:
                raise ArchiveError(f"holds a link ({each.filename})")
            if each.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise _Damaged(f"uses a compression that cannot be read here ({each.filename})")
            path = self._inside(entry.path, each.filename)
            if path is not None:
                yield Member(
                    path, entry.path, each.filename, each.file_size,
                    each.header_offset, each.compress_size, each.compress_type, each.CRC,
                )  # fmt: skip

    def _list_tar(self, entry: Entry, mode: str) -> Iterator[Member]:
        stream = io.BufferedReader(SourceFile(self._base, entry.path, entry.size), READ_AHEAD_BYTES)
        count = total = 0
        with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
            for info in archive:
                if info.isdir() or is_left_behind(info.name):
                    continue
                if not info.isreg():
                    raise ArchiveError(f"contains something other than files ({info.name})")
                count, total = count + 1, total + info.size
                _refuse_bomb(count, total, entry.size)
                path = self._inside(entry.path, info.name)
                if path is not None:
                    yield Member(
                        path, entry.path, info.name, info.size,
                        info.offset_data if mode == "r:" else -1, info.size, None,
                    )  # fmt: skip
                if mode == "r:" and info.offset_data + info.size > entry.size:
                    raise _Damaged(f"is cut off in {info.name}")
                if self._base.is_remote and count >= MOST_REMOTE_TAR_MEMBERS:
                    self._note(
                        Code.ARCHIVE_UNLISTED,
                        entry.path,
                        f"Only the first {count:,} members were looked at: a tar has no index.",
                    )
                    return

    def _inside(self, archive: str, name: str) -> str | None:
        """Where a member lies in the dataset; None, with a finding, for a name that not every system has."""
        if _escapes(name):
            raise ArchiveError(f"holds a path that leads out of it ({name!r})")
        path = safe_path(name)
        if path is None or any(len(part.encode()) > MOST_NAME_BYTES for part in path.split("/")):
            shown = repr(name[:MOST_NAME_BYTES])
            self._note(
                Code.PATH_OUTSIDE, archive, f"{shown} is not a valid file name on every system."
            )
            return None
        return (PurePosixPath(archive).parent / path).as_posix()

    def _read_zip(self, member: Member, start: int, length: int) -> bytes:
        fixed = 30 + len(member.name.encode()) + LOCAL_HEADER_SLACK_BYTES
        if member.method == zipfile.ZIP_STORED:
            # Local header and the wanted bytes in one read: a request less for each clip.
            raw = self._base.read(member.archive, member.start, fixed + start + length)
            data_at = _after_local_header(raw)
            if len(raw) < data_at + start + length:
                raw += self._base.read(
                    member.archive, member.start + len(raw), data_at + start + length - len(raw)
                )
            return raw[data_at + start : data_at + start + length]
        raw = self._base.read(member.archive, member.start, fixed + member.stored_bytes)
        data_at = _after_local_header(raw)
        packed = raw[data_at : data_at + member.stored_bytes]
        return zlib.decompressobj(-15).decompress(packed, max(1, start + length))[start:]

    def _read_stream(self, member: Member, start: int, length: int) -> bytes:
        # A compressed tar has no random access; what is asked in order is served in one pass.
        with self._streams:
            if self._open_tar is None or self._open_name != member.archive:
                size = next(e.size for e in self._base.entries() if e.path == member.archive)
                stream = io.BufferedReader(SourceFile(self._base, member.archive, size), 2**16)
                # Stays open: its position is what makes reading in order cheap.
                self._open_tar = tarfile.open(fileobj=stream, mode="r:gz")  # noqa: SIM115
                self._open_name = member.archive
            file = self._open_tar.extractfile(member.name)
            if file is None:
                raise DamagedMember(f"{member.name} is not a file")
            file.seek(start)
            return file.read(length)


def _escapes(name: str) -> bool:
    slashed = name.replace("\\", "/")
    parts = [part for part in slashed.split("/") if part not in ("", ".")]
    return not parts or ".." in parts or slashed.startswith("/") or bool(_DRIVE.match(slashed))


def _refuse_bomb(count: int, total_bytes: int, archive_bytes: int) -> None:
    if count > MOST_MEMBERS:
        raise ArchiveError(f"holds more than {MOST_MEMBERS:,} files")
    if total_bytes > max(FREE_INFLATION_BYTES, archive_bytes * MOST_INFLATION):
        raise ArchiveError(f"would unpack to {size(total_bytes)}, far more than clips can")


def _after_local_header(raw: bytes) -> int:
    if raw[:4] != b"PK\x03\x04" or len(raw) < 30:
        raise DamagedMember("The zip's directory and its members disagree.")
    name_bytes, extra_bytes = struct.unpack("<HH", raw[26:30])
    return int(30 + name_bytes + extra_bytes)


def _check_sum(member: Member, piece: bytes) -> None:
    if len(piece) != member.size:
        raise DamagedMember(f"{member.archive} is cut off at {member.name}")
    if member.checksum is not None and zlib.crc32(piece) != member.checksum:
        raise DamagedMember(f"{member.name} in {member.archive} does not match its checksum")
