"""TensorBoard's event files, read as they grow: the scalars of each step, and nothing else.

Records are TFRecord frames (length, its checksum, data, its checksum); data is the protobuf message `Event` of
tensorflow's event.proto, with `Summary` inside. Read by hand: the package that reads them weighs more than our agent.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from pod_image.recipes.command.progress.reading import Reading

HEADER_BYTES, FOOTER_BYTES = 12, 4
MOST_RECORD_BYTES = 1 << 22
"""Pictures are put in too."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FLOAT, _DOUBLE = 1, 2


def frames(data: bytes) -> tuple[list[bytes], int]:
    """The whole frames at the start of `data`, and after how many bytes the next one begins.

    What was cut off waits for the next look; what is too large is passed over, so the next may begin behind `data`.
    """
    found, at = [], 0
    while at + HEADER_BYTES <= len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        end = at + HEADER_BYTES + size + FOOTER_BYTES
        if size > MOST_RECORD_BYTES:
            at = end
            break
        if end > len(data):
            break
        found.append(data[at + HEADER_BYTES : at + HEADER_BYTES + size])
        at = end
    return found, at


def scalars_in(event: bytes) -> Reading | None:
    """The scalars of one event. None for any other event, and for what is no event. Never raises."""
    step = 0
    scalars: dict[str, float] = {}
    try:
        for field, value in _fields(event):
            if field == 2 and isinstance(value, int):
                step = value
            elif field == 5 and isinstance(value, bytes):
                scalars.update(_summary(value))
    except (ValueError, IndexError, struct.error):
        return None
    return Reading(step=float(step), scalars=scalars) if scalars and 0 <= step <= 2**53 else None


def _summary(data: bytes) -> Iterator[tuple[str, float]]:
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            scalar = _value(value)
            if scalar is not None and math.isfinite(scalar[1]):
                yield scalar


def _value(data: bytes) -> tuple[str, float] | None:
    """Tag and number of a `Summary.Value`: a simple value, or a tensor with one number in it."""
    tag, number = "", None
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            tag = value.decode("utf-8", "replace")
        elif field == 2 and isinstance(value, bytes):
            (number,) = struct.unpack("<f", value)
        elif field == 8 and isinstance(value, bytes):
            number = _tensor(value)
    return (tag, number) if tag and number is not None else None


def _tensor(data: bytes) -> float | None:
    kind = 0
    for field, value in _fields(data):
        if field == 1 and isinstance(value, int):
            kind = value
        form = {_FLOAT: "<f", _DOUBLE: "<d"}.get(kind)
        # tensor_content, float_val, double_val
        if not form or field not in (4, 5, 6) or not isinstance(value, bytes):
            continue
        if len(value) == struct.calcsize(form):
            return float(struct.unpack(form, value)[0])
    return None


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field. ValueError or IndexError for what is no message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            number, at = _varint(data, at)
            yield key >> 3, number
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        if at + size > len(data):
            raise ValueError("a field that goes beyond its message")
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 64, 7):
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError("a number without an end")
