"""How a process that reads a stranger's file answers: a JSON header, then plain numbers. Nothing to unpickle.

    4 bytes  b"LFF1"
    8 bytes  length of the header, little-endian
    header   UTF-8 JSON: {"said": {...}, "arrays": [{"name": "a.b", "kind": "float32", "shape": [2, 3]}, ...]}
    bytes    the arrays one after another in that order, little-endian, rows first, without gaps

A fault is a header whose `said` is {"fault": "...", "hint": "..."}, without arrays. The reader believes none of it:
every length is checked before anything of that length is made.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

MAGIC = b"LFF1"
MOST_HEADER_BYTES = 8 << 20
MOST_ARRAYS = 50_000
MOST_AXES = 8
MOST_NAME = 300
KINDS = {
    "float32": 4, "float64": 8, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4, "int16": 2, "int8": 1,
    "uint8": 1, "bool": 1,
}  # fmt: skip
"""Of numbers, with their bytes."""


class BadFrame(Exception):
    """What came is no such answer: the process was ended in the middle of it, or lies."""


class Source(Protocol):
    """Where an answer is read from."""

    def readinto(self, buffer: Any, /) -> int | None: ...


class Target(Protocol):
    """Where an answer is written to."""

    def write(self, data: Any, /) -> object: ...


@dataclass(frozen=True)
class Array:
    """Numbers of one kind. No axis is empty: a shape without numbers says nothing, and could say it at any length."""

    name: str
    kind: str
    shape: tuple[int, ...]

    @property
    def size_bytes(self) -> int:
        return math.prod(self.shape) * KINDS[self.kind]


@dataclass(frozen=True)
class Answer:
    """What was said, and the arrays with their bytes."""

    said: dict[str, Any]
    arrays: list[tuple[Array, bytearray]]


def write_answer(
    out: Target, said: dict[str, Any], arrays: Sequence[Array] = (), contents: Iterable[Any] = ()
) -> None:
    """`contents` are the arrays' bytes, in order; they are taken one by one."""
    listed = [{"name": a.name, "kind": a.kind, "shape": list(a.shape)} for a in arrays]
    header = json.dumps({"said": said, "arrays": listed}, allow_nan=False).encode()
    out.write(MAGIC + len(header).to_bytes(8, "little") + header)
    for content in contents:
        out.write(content)


def read_answer(source: Source, most_bytes: int) -> Answer:
    """The whole answer, with at most so many bytes in its arrays. Raises BadFrame."""
    start = _exactly(source, 12)
    size = int.from_bytes(start[4:], "little")
    if start[:4] != MAGIC or size > MOST_HEADER_BYTES:
        raise BadFrame("it does not begin like an answer")
    said, arrays = _header(bytes(_exactly(source, size)))
    if sum(array.size_bytes for array in arrays) > most_bytes:
        raise BadFrame("it announces more numbers than the file can contain")
    return Answer(said, [(array, _exactly(source, array.size_bytes)) for array in arrays])


def _header(text: bytes) -> tuple[dict[str, Any], list[Array]]:
    try:
        document = json.loads(text)
        said, listed = document["said"], document["arrays"]
        if not isinstance(said, dict) or len(listed) > MOST_ARRAYS:
            raise BadFrame("its header is not valid")
        arrays = [_array(each["name"], each["kind"], each["shape"]) for each in listed]
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise BadFrame("its header is not valid") from exc
    if len({array.name for array in arrays}) < len(arrays):
        raise BadFrame("two arrays have one name")
    return said, arrays


def _array(name: Any, kind: Any, shape: Any) -> Array:
    axes = tuple(shape)
    is_plain = all(type(axis) is int and 0 < axis < 1 << 40 for axis in axes)
    if not (isinstance(name, str) and len(name) <= MOST_NAME and kind in KINDS):
        raise BadFrame("an array has no name or no kind")
    if not is_plain or len(axes) > MOST_AXES:
        raise BadFrame("an array has no shape")
    return Array(name, kind, axes)


def _exactly(source: Source, size: int) -> bytearray:
    content = bytearray(size)
    left = memoryview(content)
    while left:
        got = source.readinto(left)
        if not got:
            raise BadFrame("it ends early")
        left = left[got:]
    return content
