"""MP3: frames one after another, with a count of them at the beginning if the encoder was kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pod_image.dataset.audio_header import TOLERATED_SECONDS, AudioHeader, HeaderError, Read

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
MOST_WALKED_BYTES = 64 * 2**20


@dataclass(frozen=True)
class _Frame:
    version: int
    rate_hz: int
    bits_per_second: int
    length: int
    channels: int

    @property
    def samples(self) -> int:
        return 1152 if self.version == 3 else 576


def is_frame(piece: bytes, at: int) -> bool:
    """Whether sound begins here: a second frame where the first ends tells it from chance; at the end one must do."""
    frame = _frame(piece, at)
    if frame is None:
        return False
    after = at + frame.length
    return after + 4 > len(piece) or _frame(piece, after) is not None


def first_frame(piece: bytes) -> int | None:
    """Where the sound begins behind junk: two frames that fit must follow."""
    at = piece.find(b"\xff")
    while at >= 0:
        frame = _frame(piece, at)
        if frame is not None and at + frame.length + 4 <= len(piece) and is_frame(piece, at):
            return at
        at = piece.find(b"\xff", at + 1)
    return None


def read_mp3(read: Read, head: bytes, start: int, size: int) -> AudioHeader:
    """Of a file whose sound begins at `start`; `head` begins there too."""
    frame = _frame(head, 0)
    if frame is None:
        raise HeaderError("is an MP3 file with a damaged header")
    counted = _counted(head, frame)
    there = size - start
    if (
        counted is not None and counted[0]
    ):  # 0: never filled in, as by encoders that write to a pipe
        frames, promised = counted
        samples = frames * frame.samples
        missing = (promised - there) / max(1, promised) * samples / frame.rate_hz
        return AudioHeader(
            "mp3",
            frame.rate_hz,
            frame.channels,
            (samples - _padding(head, frame, samples)) / frame.rate_hz,
            is_truncated=promised > 0 and missing > TOLERATED_SECONDS,
        )
    if len({each.bits_per_second for each in _frames(head)}) > 1 and there <= MOST_WALKED_BYTES:
        # Of a bitrate that varies the size says nothing: only counting does.
        whole = head if there <= len(head) else head + read(start + len(head), there - len(head))
        seconds = sum(each.samples / each.rate_hz for each in _frames(whole))
        return AudioHeader("mp3", frame.rate_hz, frame.channels, seconds)
    seconds = there * 8 / frame.bits_per_second
    return AudioHeader("mp3", frame.rate_hz, frame.channels, seconds, is_estimate=True)


def _counted(head: bytes, frame: _Frame) -> tuple[int, int] | None:
    """Frames, and bytes in all (0 where that is not said), of a Xing, Info or VBRI tag."""
    tag = _tag_at(frame)
    if head[tag : tag + 4] in (b"Xing", b"Info") and head[tag + 7] & 1:
        frames = int.from_bytes(head[tag + 8 : tag + 12], "big")
        in_all = int.from_bytes(head[tag + 12 : tag + 16], "big") if head[tag + 7] & 2 else 0
        return frames, in_all
    if head[36:40] == b"VBRI":
        return int.from_bytes(head[50:54], "big"), int.from_bytes(head[46:50], "big")
    return None


def _tag_at(frame: _Frame) -> int:
    side_bytes = {True: {1: 17, 2: 32}, False: {1: 9, 2: 17}}[frame.version == 3][frame.channels]
    return 4 + side_bytes


def _padding(head: bytes, frame: _Frame, samples: int) -> int:
    """Samples at the ends that the encoder added and a decoder takes away, where the tag of LAME and others says so."""
    tag = _tag_at(frame)
    if head[tag : tag + 4] not in (b"Xing", b"Info"):
        return 0
    flags = head[tag + 7]
    encoder = tag + 8 + 4 * (flags & 1) + 2 * (flags & 2) + 25 * (flags & 4) + (flags & 8) // 2
    packed = int.from_bytes(head[encoder + 21 : encoder + 24], "big")
    added = (packed >> 12) + (packed & 0xFFF)
    return added if head[encoder : encoder + 4].isalpha() and added < samples else 0


def _frames(piece: bytes) -> Iterator[_Frame]:
    at = 0
    while True:
        frame = _frame(piece, at)
        if frame is None:
            return
        yield frame
        at += frame.length


def _frame(piece: bytes, at: int) -> _Frame | None:
    if len(piece) < at + 4 or piece[at] != 0xFF or piece[at + 1] & 0xE6 != 0xE2:
        return None
    version = piece[at + 1] >> 3 & 3
    rate_index, kbps_index = piece[at + 2] >> 2 & 3, piece[at + 2] >> 4
    if version not in _RATES or rate_index == 3 or kbps_index in (0, 15):
        return None
    rate = _RATES[version][rate_index]
    kbps = (_KBPS_1 if version == 3 else _KBPS_2)[kbps_index]
    length = (144 if version == 3 else 72) * kbps * 1000 // rate + (piece[at + 2] >> 1 & 1)
    channels = 1 if piece[at + 3] >> 6 == 3 else 2
    return _Frame(version, rate, kbps * 1000, length, channels)
