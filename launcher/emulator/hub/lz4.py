"""Unpacking of LZ4 frames (the published frame and block formats), for the chunks in a xorb."""

from __future__ import annotations

MAGIC = b"\x04\x22\x4d\x18"
UNCOMPRESSED_BIT = 0x80000000


def unpack_frame(packed: bytes) -> bytes:
    """The content of one LZ4 frame. Checksums are skipped: the file's sha256 is checked later.

    Raises ValueError when the bytes are not a frame.
    """
    if packed[:4] != MAGIC:
        raise ValueError("not an LZ4 frame")
    flags = packed[4]
    has_block_checksum, has_size, has_dictionary = flags & 0x10, flags & 0x08, flags & 0x01
    at = 7 + (8 if has_size else 0) + (4 if has_dictionary else 0)
    out = bytearray()
    while size := int.from_bytes(packed[at : at + 4], "little"):
        at += 4
        length = size & ~UNCOMPRESSED_BIT
        block = packed[at : at + length]
        if size & UNCOMPRESSED_BIT:
            out += block
        else:
            _unpack_block(block, out)
        at += length + (4 if has_block_checksum else 0)
    return bytes(out)


def _unpack_block(block: bytes, out: bytearray) -> None:
    """Append one block's content to `out`, whose tail is the window that matches refer to."""
    at, end = 0, len(block)
    while at < end:
        token = block[at]
        at += 1
        literals = token >> 4
        if literals == 15:
            literals, at = _longer(literals, block, at)
        out += block[at : at + literals]
        at += literals
        if at >= end:
            return  # the last sequence has literals only
        offset = block[at] | block[at + 1] << 8
        at += 2
        length = token & 15
        if length == 15:
            length, at = _longer(length, block, at)
        _repeat(out, offset, length + 4)


def _longer(length: int, block: bytes, at: int) -> tuple[int, int]:
    while True:
        more = block[at]
        at += 1
        length += more
        if more != 255:
            return length, at


def _repeat(out: bytearray, offset: int, length: int) -> None:
    start = len(out) - offset
    if offset == 0 or start < 0:
        raise ValueError("LZ4 match outside the window")
    if offset >= length:
        out += out[start : start + length]
        return
    # The match overlaps what it writes: its pattern repeats.
    pattern = bytes(out[start:])
    out += (pattern * (length // offset + 1))[:length]
