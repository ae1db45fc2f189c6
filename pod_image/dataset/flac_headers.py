"""FLAC: the length stands in the first block, unless the encoder wrote to a pipe; then in the last frame."""

from __future__ import annotations

from pod_image.dataset.audio_header import TAIL_BYTES, AudioHeader, HeaderError, Read, Window

MAGIC = b"fLaC"
_HEADER_BYTES = 42
_LONGEST_FRAME_HEADER = 16
_BLOCK_SIZES = {1: 192, **{code: 576 << code - 2 for code in range(2, 6)},
                **{code: 256 << code - 8 for code in range(8, 16)}}  # fmt: skip


def read_flac(read: Read, head: bytes, size: int) -> AudioHeader:
    """Of a file that begins with `MAGIC`."""
    header, frames = stream_info(head, 0)
    if frames:
        return header
    tail = head if size <= len(head) else read(max(0, size - TAIL_BYTES), TAIL_BYTES)
    end = _end_of_last_frame(tail, int.from_bytes(head[10:12], "big"))
    if end is None:
        return header
    # A decoder that does not know the length gives up at the end.
    told = bytearray(head[:_HEADER_BYTES])
    told[21:26] = (int.from_bytes(told[21:26], "big") & ~(2**36 - 1) | end).to_bytes(5, "big")
    window = Window(bytes(told), _HEADER_BYTES, size - _HEADER_BYTES)
    return AudioHeader("flac", header.rate_hz, header.channels, end / header.rate_hz,
                       bits=header.bits, window=window)  # fmt: skip


def stream_info(head: bytes, start: int) -> tuple[AudioHeader, int]:
    """The header whose magic is at `start`, and its frames, 0 where they were never filled in."""
    block = head[start + 4 : start + _HEADER_BYTES]
    if len(block) < 38 or block[0] & 0x7F != 0:
        raise HeaderError("is a FLAC file with a damaged header")
    packed = int.from_bytes(block[14:22], "big")
    rate, channels = packed >> 44, (packed >> 41 & 7) + 1
    bits, frames = (packed >> 36 & 31) + 1, packed & (2**36 - 1)
    if rate == 0:
        raise HeaderError("is a FLAC file with a damaged header")
    return AudioHeader("flac", rate, channels, frames / rate if frames else None, bits=bits), frames


def _end_of_last_frame(tail: bytes, block_size: int) -> int | None:
    at = tail.rfind(b"\xff")
    while at >= 0:
        end = _end_of_frame(tail[at : at + _LONGEST_FRAME_HEADER], block_size)
        if end is not None:
            return end
        at = tail.rfind(b"\xff", 0, at)
    return None


def _end_of_frame(piece: bytes, block_size: int) -> int | None:
    """The number of the sample after a frame whose header this is; None where it is none."""
    if len(piece) < 6 or piece[1] & 0xFE != 0xF8 or piece[3] & 1:
        return None
    counts_samples = piece[1] & 1
    length = next((n for n in range(8) if not piece[4] << n & 0x80), 8)
    length = {0: 1, 1: 0, 8: 0}.get(length, length)
    if not length or len(piece) < 4 + length + 4:
        return None
    number = piece[4] & (0x7F if length == 1 else 0xFF >> length + 1)
    for byte in piece[5 : 4 + length]:
        number = number << 6 | byte & 0x3F
    at, code, rate = 4 + length, piece[2] >> 4, piece[2] & 15
    size = _BLOCK_SIZES.get(code, 0)
    if code in (6, 7):
        size = int.from_bytes(piece[at : at + code - 5], "big") + 1
        at += code - 5
    at += {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if not size or at >= len(piece) or _crc8(piece[:at]) != piece[at]:
        return None
    return number + size if counts_samples else number * block_size + size


def _crc8(piece: bytes) -> int:
    value = 0
    for byte in piece:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07 if value & 0x80 else value << 1) & 0xFF
    return value
