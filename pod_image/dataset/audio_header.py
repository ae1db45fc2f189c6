"""What a header says of a recording, or why there is none; and how its bytes are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

HEAD_BYTES = 4096
"""Enough for the header of nearly every clip, so that one request per clip is the rule."""
TAIL_BYTES = 65_536
"""An Ogg page is at most 65,307 bytes, and only the last one knows the length."""
TOLERATED_SECONDS = 0.05
"""Some programs count their header as sound. So much at the end is missed by nobody."""
MOST_CHANNELS = 255
LEAST_RATE_HZ, MOST_RATE_HZ = 1_000, 1_000_000

Read = Callable[[int, int], bytes]
"""(start, length) -> bytes, fewer at the end of the file."""


class HeaderError(ValueError):
    """Not audio that we can read; the text says why, as a sentence without its subject.

    `is_sure`: no decoder of a training reads it either. Else the decoder is asked.
    """

    def __init__(self, why: str, *, is_sure: bool = False) -> None:
        super().__init__(why)
        self.is_sure = is_sure


@dataclass(frozen=True)
class Window:
    """What a decoder is given instead of the file: these bytes, then so many of the file's from `start` on."""

    prefix: bytes
    start: int
    length: int


@dataclass(frozen=True)
class AudioHeader:
    """What the header promises. `seconds` is None when only decoding would tell.

    `window` is there where the file as it is would mislead a decoder: something before the header, or a length that
    was never filled in.
    """

    kind: str
    rate_hz: int
    channels: int
    seconds: float | None
    is_truncated: bool = False
    is_estimate: bool = False
    bits: int | None = None
    window: Window | None = None


def plausible(header: AudioHeader) -> AudioHeader:
    """The same, if it is of a recording. HeaderError for a rate or channels that no recording has."""
    if 1 <= header.channels <= MOST_CHANNELS and LEAST_RATE_HZ <= header.rate_hz <= MOST_RATE_HZ:
        return header
    raise HeaderError(f"claims {header.channels} channels at {header.rate_hz} Hz", is_sure=True)


def piece_of(read: Read, head: bytes, start: int, length: int) -> bytes:
    """Bytes of the file, from what was read of its beginning where they are there."""
    if start + length <= len(head):
        return head[start : start + length]
    return read(start, length)
