"""WAV and its kin: RIFF, the big-endian RIFX, RF64 and BW64 for more than 4 GB, Sony's W64."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pod_image.dataset.audio_header import (
    TOLERATED_SECONDS,
    AudioHeader,
    HeaderError,
    Read,
    Window,
    piece_of,
)

RIFF_KINDS = (b"RIFF", b"RF64", b"BW64", b"RIFX")
W64_MAGIC = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_W64_WAVE = b"wave\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_W64_TAIL = _W64_WAVE[4:]
MOST_CHUNKS = 64
CHUNK_START_BYTES = 56
"""Name and length, and all of a format chunk that has the coding of an extensible WAV."""
PCM, MS_ADPCM, FLOAT, A_LAW, MU_LAW, IMA_ADPCM, EXTENSIBLE = 1, 2, 3, 6, 7, 0x11, 0xFFFE
_BITS = {PCM: (8, 16, 24, 32), FLOAT: (32, 64), A_LAW: (8,), MU_LAW: (8,)}
"""Frames of `block` bytes, as the decoder reads them; of other widths and codings it is asked."""
UNKNOWN_LENGTH = 0x7FFF0000
"""Programs that write to a pipe cannot go back to fill in the length: they leave 0, or about 2 or 4 GB. No clip has
so much sound."""
MOST_WINDOW_BYTES = 0xFFFFF000
Endian = Literal["little", "big"]


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    start: int
    length: int
    content: bytes
    """Its first bytes."""


@dataclass(frozen=True)
class _Format:
    tag: int
    channels: int
    rate_hz: int
    block_bytes: int
    bits: int
    bytes_per_second: float
    raw: bytes
    endian: Endian


def is_riff(head: bytes, at: int = 0) -> bool:
    return head[at : at + 4] in RIFF_KINDS and head[at + 8 : at + 12] == b"WAVE"


def read_riff(read: Read, head: bytes, size: int) -> AudioHeader:
    """Of a file that begins with one of `RIFF_KINDS`."""
    endian: Endian = "big" if head[:4] == b"RIFX" else "little"
    form, wide = None, None
    for chunk in _riff_chunks(read, head, endian):
        if chunk.name == b"ds64":
            wide = int.from_bytes(chunk.content[8:16], "little")
        elif chunk.name == b"fmt ":
            form = _format(chunk.content, endian)
        elif chunk.name == b"data":
            length = wide if chunk.length == 0xFFFFFFFF and wide is not None else chunk.length
            return _found("wav", form, chunk.start, length, size)
    raise HeaderError("is a WAV file without audio in it")


def _riff_chunks(read: Read, head: bytes, endian: Endian) -> Iterator[_Chunk]:
    position = 12
    for _ in range(MOST_CHUNKS):
        piece = piece_of(read, head, position, CHUNK_START_BYTES)
        if len(piece) < 8:
            return
        length = int.from_bytes(piece[4:8], endian)
        yield _Chunk(piece[:4], position + 8, length, piece[8:])
        position += 8 + length + length % 2


def read_w64(read: Read, head: bytes, size: int) -> AudioHeader:
    """Of a file that begins with `W64_MAGIC`: names of 16 bytes, lengths of 8 that count name and length too."""
    if head[24:40] != _W64_WAVE:
        raise HeaderError("is a WAV file with a damaged header")
    form, position = None, 40
    for _ in range(MOST_CHUNKS):
        piece = piece_of(read, head, position, 24 + CHUNK_START_BYTES)
        if len(piece) < 24 or piece[4:16] != _W64_TAIL:
            break
        length = int.from_bytes(piece[16:24], "little")
        if piece[:4] == b"fmt ":
            form = _format(piece[24:], "little")
        elif piece[:4] == b"data":
            return _found("w64", form, position + 24, max(0, length - 24), size)
        position += max(24, length + -length % 8)
    raise HeaderError("is a WAV file without audio in it")


def _format(content: bytes, endian: Endian) -> _Format:
    def value(start: int, length: int) -> int:
        return int.from_bytes(content[start : start + length], endian)

    if len(content) < 16:
        raise HeaderError("is cut off in its header")
    tag, channels, rate = value(0, 2), value(2, 2), value(4, 4)
    block, bits = value(12, 2), value(14, 2)
    coding = value(24, 2) if tag == EXTENSIBLE and len(content) >= 26 else tag
    known = 18 + (value(16, 2) if tag in (EXTENSIBLE, MS_ADPCM, IMA_ADPCM) else 0)
    raw = content[: min(known, len(content))] if tag != PCM else content[:16]
    if coding in (MS_ADPCM, IMA_ADPCM) and len(content) >= 20:
        # Many frames are packed in a block.
        pace = rate * block / max(1, value(18, 2))
        return _Format(coding, channels, rate, block, bits, pace, raw, endian)
    if coding not in _BITS or bits not in _BITS[coding] or block * 8 != channels * bits:
        raise HeaderError("is a WAV file in a rare encoding, or with a damaged header")
    return _Format(coding, channels, rate, block, bits, float(rate * block), raw, endian)


def _found(kind: str, form: _Format | None, start: int, promised: int, size: int) -> AudioHeader:
    if form is None or not form.rate_hz or not form.block_bytes or not form.bytes_per_second:
        raise HeaderError("is a WAV file with a damaged header")
    there = max(0, size - start)
    is_open = promised == 0 or (promised >= UNKNOWN_LENGTH and promised > there)
    audio_bytes = there if is_open else min(promised, there)
    missing_seconds = 0.0 if is_open else (promised - there) / form.bytes_per_second
    return AudioHeader(
        kind,
        form.rate_hz,
        form.channels,
        audio_bytes // form.block_bytes * form.block_bytes / form.bytes_per_second,
        is_truncated=missing_seconds > TOLERATED_SECONDS,
        bits=form.bits,
        window=_told(form, start, audio_bytes) if is_open and audio_bytes else None,
    )


def _told(form: _Format, start: int, audio_bytes: int) -> Window | None:
    """The same sound under a header that says its length."""
    audio_bytes -= audio_bytes % form.block_bytes
    if not 0 < audio_bytes <= MOST_WINDOW_BYTES:
        return None

    def number(value: int) -> bytes:
        return value.to_bytes(4, form.endian)

    raw = form.raw + bytes(len(form.raw) % 2)
    body = b"WAVEfmt " + number(len(raw)) + raw + b"data" + number(audio_bytes)
    kind = b"RIFF" if form.endian == "little" else b"RIFX"
    return Window(kind + number(len(body) + audio_bytes) + body, start, audio_bytes)
