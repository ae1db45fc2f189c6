"""Whether a file that is to go along holds what looks like a key: texts by their lines, all else by known shapes."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import string
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from pod_image.contract.key_files import NAMES_OF_KEY_FILES
from pod_image.contract.keys import (
    HINTED_NAME,
    HINTS,
    NAME_HINTS,
    SHAPE_HINTS,
    key_in_line,
    shaped_key,
)

_CODE = frozenset(
    {".py", ".pyi", ".pyx", ".ipynb", ".js", ".ts", ".c", ".cc", ".cpp", ".cu", ".h", ".rs", ".go"}
)
_SMALL = {ord(letter): letter.lower() for letter in string.ascii_uppercase}
_AROUND = 1_000
_LONGEST_LINE = 4_000
_MOST_UNPACKED_BYTES = 200_000_000
_ARCHIVE_ERRORS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class KeyInFile:
    """`where`: a line, or what of the file; never the key itself."""

    kind: str
    where: str = ""


def key_in_file(path: str, content: bytes) -> KeyInFile | None:
    """The first thing in the file that looks like a key. Takes up to some seconds for the largest files."""
    name = PurePosixPath(path).name
    if name.lower() in NAMES_OF_KEY_FILES:
        return KeyInFile("files with this name contain keys")
    if (text := _as_text(content)) is not None:
        return _in_text(text, is_code=PurePosixPath(name).suffix.lower() in _CODE)
    if found := _in_bytes(content):
        return found
    for inner, unpacked in _unpacked(content):
        text = _as_text(unpacked)
        found = _in_text(text, is_code=True) if text is not None else _in_bytes(unpacked)
        if found is not None:
            where = f"{inner} {found.where}".strip() if inner else found.where
            return KeyInFile(found.kind, where or "unpacked")
    return None


def _as_text(content: bytes) -> str | None:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\0" in content[:65_536]:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1") if _is_mostly_text(content[:65_536]) else None


def _is_mostly_text(head: bytes) -> bool:
    odd = sum(byte < 9 or 13 < byte < 32 for byte in head)
    return odd * 50 < max(1, len(head))


def _in_text(text: str, *, is_code: bool) -> KeyInFile | None:
    small = text.lower()
    if len(small) != len(
        text
    ):  # a letter that grows when it is made small moves every place behind it
        small = text.translate(_SMALL)
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    looked: set[tuple[int, int]] = set()
    for at in _hints(small):
        number = bisect_right(starts, at)
        begin, end = starts[number - 1], starts[number] - 1
        if (
            end - begin > _LONGEST_LINE
        ):  # such as data in one line: what is around the word is enough
            step = (at - begin) // _AROUND
            begin, end = (
                max(begin, begin + (step - 1) * _AROUND),
                min(end, begin + (step + 2) * _AROUND),
            )
        if (begin, end) in looked:
            continue
        looked.add((begin, end))
        if found := key_in_line(text[begin:end], is_code=is_code):
            return KeyInFile(found.kind, f"line {number:,}")
    return None


def _in_bytes(content: bytes) -> KeyInFile | None:
    """Also what is kept with two bytes a letter, as Windows does."""
    for each in (content, content.replace(b"\0", b"")):
        small = each.lower().decode("latin-1")
        for at in _hits(small, SHAPE_HINTS):
            around = each[max(0, at - 1) : at + _AROUND].decode("latin-1")
            if found := shaped_key(around):
                return KeyInFile(found.kind)
    return None


def _hints(small: str) -> Iterator[int]:
    yield from _hits(small, (*SHAPE_HINTS, *HINTS))
    for at in _hits(small, NAME_HINTS):
        if HINTED_NAME.match(small, at):
            yield at


def _hits(small: str, words: tuple[str, ...]) -> Iterator[int]:
    for word in words:
        at = small.find(word)
        while at >= 0:
            yield at
            at = small.find(word, at + 1)


def _unpacked(content: bytes) -> Iterator[tuple[str, bytes]]:
    """What a packed file holds, up to a limit; nothing of what cannot be unpacked."""
    left = _MOST_UNPACKED_BYTES
    try:
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for info in archive.infolist():
                    with archive.open(info) as member:
                        unpacked = member.read(left)
                    left -= len(unpacked)
                    yield info.filename, unpacked
                    if left <= 0:
                        return
        for mark, opened in (
            (b"\x1f\x8b", gzip.open),
            (b"BZh", bz2.open),
            (b"\xfd7zXZ", lzma.open),
        ):
            if content.startswith(mark):
                with opened(io.BytesIO(content)) as stream:
                    yield "", stream.read(left)
    except (*_ARCHIVE_ERRORS, NotImplementedError, RuntimeError):
        return
