"""TensorBoard's event files, written without its package: records of protocol buffers, framed with checksums.

The frame is that of TFRecord (length, its CRC-32C, content, its CRC-32C, both masked); the messages are `Event` and
`Summary` of tensorflow/core/util/event.proto and framework/summary.proto.
"""

from __future__ import annotations

import struct
from pathlib import Path

from pod_image.recipes.piper.pictures import Pixels, png

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5


class EventFile:
    """One file; every value is complete on disk after `close`, which also gives it its name.

    Until then its name begins with a dot, so that nobody takes it for whole.
    """

    def __init__(self, path: Path, now: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._part = path, path.with_name(f".{path.name}.part")
        self._file = self._part.open("wb")
        self._record(_double(1, now) + _text(3, "brain.Event:2"))

    def scalar(self, tag: str, value: float, step: int, now: float) -> None:
        self._value(tag, _key(2, _FOUR_BYTES) + struct.pack("<f", value), step, now)

    def image(self, tag: str, pixels: Pixels, step: int, now: float) -> None:
        height, width, colours = pixels.shape
        fields = _number(1, height) + _number(2, width) + _number(3, colours)
        self._value(tag, _bytes(4, fields + _bytes(4, png(pixels))), step, now)

    def audio(
        self, tag: str, wav: bytes, rate_hz: int, samples: int, step: int, now: float
    ) -> None:
        """`wav` is a whole mono WAV file."""
        rate = _key(1, _FOUR_BYTES) + struct.pack("<f", rate_hz)
        fields = rate + _number(2, 1) + _number(3, samples) + _bytes(4, wav)
        self._value(tag, _bytes(6, fields + _text(5, "audio/wav")), step, now)

    def close(self) -> None:
        self._file.close()
        self._part.replace(self._path)

    def _value(self, tag: str, content: bytes, step: int, now: float) -> None:
        summary = _bytes(1, _text(1, tag) + content)
        self._record(_double(1, now) + _number(2, step) + _bytes(5, summary))

    def _record(self, content: bytes) -> None:
        length = struct.pack("<Q", len(content))
        self._file.write(length + _masked_crc(length) + content + _masked_crc(content))


def _key(field: int, kind: int) -> bytes:
    return bytes([field << 3 | kind])


def _number(field: int, value: int) -> bytes:
    return _key(field, _VARINT) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _key(field, _EIGHT_BYTES) + struct.pack("<d", value)


def _bytes(field: int, content: bytes) -> bytes:
    return _key(field, _BYTES) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode())


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _crc_table() -> tuple[int, ...]:
    """CRC-32C (Castagnoli), reflected."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _crc_table()


def _masked_crc(content: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in content:  # 20 ms for three seconds of sound
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
