"""Unpacking LZ4 by hand-written frames (published format) and what is not one."""

from __future__ import annotations

import pytest

from launcher.emulator.hub.lz4 import MAGIC, unpack_frame

HEADER = MAGIC + b"\x60\x40\x00"  # independent blocks, no checksums, 64 kB


def frame(*blocks: bytes, header: bytes = HEADER) -> bytes:
    body = b"".join(len(block).to_bytes(4, "little") + block for block in blocks)
    return header + body + bytes(4)


@pytest.mark.parametrize(
    ("block", "content"),
    [
        (b"\x50hello", b"hello"),
        # one literal, then a match of 4 + 15 + 6 at distance 1: the byte repeats
        (b"\x1fa\x01\x00\x06\x00", b"a" * 26),
        # three literals, a match of 4 at distance 3 that overlaps what it writes, two literals
        (b"\x30abc\x03\x00\x20de", b"abcabcade"),
        # a literal run longer than 15 has its length continued
        (b"\xf0\x05" + b"x" * 20, b"x" * 20),
    ],
)
def test_blocks_unpack_to_their_content(block, content):
    assert unpack_frame(frame(block)) == content


def test_a_stored_block_is_copied_and_later_blocks_may_refer_to_it():
    stored = (5 | 0x80000000).to_bytes(4, "little") + b"hello"
    match = b"\x01\x05\x00\x10!"
    packed = HEADER + stored + len(match).to_bytes(4, "little") + match + bytes(4)
    assert unpack_frame(packed) == b"hello" + b"hello" + b"!"


def test_what_is_not_a_frame_is_refused():
    with pytest.raises(ValueError, match="not an LZ4 frame"):
        unpack_frame(b"RIFFxxxx")


def test_a_match_before_the_beginning_is_refused():
    with pytest.raises(ValueError, match="outside the window"):
        unpack_frame(frame(b"\x1fa\x09\x00\x06\x00"))
