"""Rate, channels and length of an audio file from its first (and sometimes last) bytes; reads no audio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

HEAD_BYTES = 4096
"""Enough for the header of nearly every clip, so that one request per clip is the rule."""
TAIL_BYTES = 65_536
"""An Ogg page is at most 65,307 bytes, and only the last one knows the length."""
MOST_CHUNKS = 64
WAV_OF_EQUAL_FRAMES = (1, 3, 6, 7, 0xFFFE)
"""PCM, float, A-law, mu-law, extensible: frames of `block` bytes. Others (ADPCM) pack many frames in a block."""
MOST_TAG_BYTES = 16 * 2**20

Read = Callable[[int, int], bytes]
"""(start, length) -> bytes, fewer at the end of the file."""


class HeaderError(ValueError):
    """Not audio that we can read; the text says why, as a sentence without its subject."""


@dataclass(frozen=True)
class AudioHeader:
    """What the header promises. `seconds` is None when only decoding would tell."""

    kind: str
    rate_hz: int
    channels: int
    seconds: float | None
    is_truncated: bool = False
    is_estimate: bool = False
    bits: int | None = None


def read_header(read: Read, size: int) -> AudioHeader:
    """Header of a file of `size` bytes. HeaderError for anything else than WAV, FLAC, Ogg or MP3."""
    if size == 0:
        raise HeaderError("is empty")
    head = read(0, HEAD_BYTES)
    try:
        header = _by_magic(read, head, size)
    except IndexError as exc:  # a file may end in the middle of any field
        raise HeaderError("is cut off in its header") from exc
    if not 1 <= header.channels <= 255 or not 1000 <= header.rate_hz <= 1_000_000:
        raise HeaderError(f"claims {header.channels} channels at {header.rate_hz} Hz")
    return header


def _by_magic(read: Read, head: bytes, size: int) -> AudioHeader:
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return _wav(read, head, size)
    if head[:4] == b"fLaC":
        return _flac(head, 0)
    if head[:4] == b"OggS":
        return _ogg(read, head, size)
    if head[:3] == b"ID3":
        return _after_id3(read, head, size)
    if _is_mp3_frame(head, 0):
        return _mp3(head, 0, size)
    raise HeaderError(_what_it_is(head))


_OTHERS = (
    (b"\x1a\x45\xdf\xa3", "is a Matroska or WebM file"),
    (b"PK\x03\x04", "is a zip archive"),
    (b"\x89PNG", "is a picture"),
    (b"<!DOCTYPE", "is a web page"),
    (b"<html", "is a web page"),
    (b"version https://git-lfs", "is a Git LFS pointer and not the audio itself"),
    (b"FORM", "is an AIFF file"),
)


def _what_it_is(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return "is an MP4 or M4A file"
    for magic, sentence in _OTHERS:
        if head.startswith(magic):
            return sentence
    text = head[:256]
    if text and all(9 <= byte < 127 for byte in text):
        return "holds text, not audio"
    return "is not WAV, FLAC, Ogg or MP3"


def _int(piece: bytes, start: int, length: int) -> int:
    return int.from_bytes(piece[start : start + length], "little")


@dataclass(frozen=True)
class _WavShape:
    rate_hz: int
    channels: int
    block_bytes: int
    bits: int
    bytes_per_second: int


def _wav(read: Read, head: bytes, size: int) -> AudioHeader:
    rate = channels = block = bits = tag = bytes_per_second = 0
    position, wide_bytes = 12, None
    for _ in range(MOST_CHUNKS):
        chunk = _piece(read, head, position, 40)
        if len(chunk) < 8:
            break
        name, length = chunk[:4], _int(chunk, 4, 4)
        if name == b"ds64":
            wide_bytes = _int(chunk, 16, 8)
        elif name == b"fmt ":
            if len(chunk) < 24:
                raise HeaderError("is cut off in its header")
            tag, channels, rate = _int(chunk, 8, 2), _int(chunk, 10, 2), _int(chunk, 12, 4)
            bytes_per_second = _int(chunk, 16, 4)
            block, bits = _int(chunk, 20, 2), _int(chunk, 22, 2)
        elif name == b"data":
            if tag in WAV_OF_EQUAL_FRAMES:
                bytes_per_second = rate * block
            shape = _WavShape(rate, channels, block, bits, bytes_per_second)
            return _wav_found(shape, position + 8, length, wide_bytes, size)
        position += 8 + length + length % 2
    raise HeaderError("is a WAV file without audio in it")


def _wav_found(
    shape: _WavShape, start: int, length: int, wide_bytes: int | None, size: int
) -> AudioHeader:
    if not shape.rate_hz or not shape.block_bytes or not shape.bytes_per_second:
        raise HeaderError("is a WAV file with a damaged header")
    promised = wide_bytes if length == 0xFFFFFFFF and wide_bytes is not None else length
    there = max(0, size - start)
    # Programs that write to a pipe cannot go back to fill in the length: 0 or all ones means "to the end".
    is_open = promised in (0, 0xFFFFFFFF)
    audio_bytes = there if is_open else min(promised, there)
    is_truncated = not is_open and promised - there >= shape.block_bytes
    seconds = audio_bytes / shape.bytes_per_second
    return AudioHeader("wav", shape.rate_hz, shape.channels, seconds, is_truncated, bits=shape.bits)


def _piece(read: Read, head: bytes, start: int, length: int) -> bytes:
    if start + length <= len(head):
        return head[start : start + length]
    return read(start, length)


def _flac(head: bytes, start: int) -> AudioHeader:
    block = head[start + 4 : start + 8 + 34]
    if len(block) < 38 or block[0] & 0x7F != 0:
        raise HeaderError("is a FLAC file with a damaged header")
    packed = int.from_bytes(block[14:22], "big")
    rate, channels = packed >> 44, (packed >> 41 & 7) + 1
    bits, frames = (packed >> 36 & 31) + 1, packed & (2**36 - 1)
    if rate == 0:
        raise HeaderError("is a FLAC file with a damaged header")
    return AudioHeader("flac", rate, channels, frames / rate if frames else None, bits=bits)


def _after_id3(read: Read, head: bytes, size: int) -> AudioHeader:
    length = 10 + sum((head[6 + i] & 0x7F) << (21 - 7 * i) for i in range(4))
    if len(head) < 10 or length > min(size, MOST_TAG_BYTES):
        raise HeaderError("is cut off in its tags")
    after = _piece(read, head, length, HEAD_BYTES) if length + 64 > len(head) else head[length:]
    if after[:4] == b"fLaC":
        return _flac(after, 0)
    for position in range(len(after) - 4):
        if _is_mp3_frame(after, position):
            return _mp3(after, position, size - length)
    raise HeaderError("is not WAV, FLAC, Ogg or MP3")


_MP3_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_MP3_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def _is_mp3_frame(piece: bytes, at: int) -> bool:
    frame = _mp3_frame(piece, at)
    if frame is None:
        return False
    _, _, _, length = frame
    # A second frame where the first ends tells music from chance; at the end of the piece one must do.
    return at + length + 4 > len(piece) or _mp3_frame(piece, at + length) is not None


def _mp3_frame(piece: bytes, at: int) -> tuple[int, int, int, int] | None:
    """(version bits, rate in Hz, bits per second, frame length in bytes) of a layer III frame."""
    if len(piece) < at + 4 or piece[at] != 0xFF or piece[at + 1] & 0xE6 != 0xE2:
        return None
    version = piece[at + 1] >> 3 & 3
    rate_index, kbps_index = piece[at + 2] >> 2 & 3, piece[at + 2] >> 4
    if version not in _MP3_RATES or rate_index == 3 or kbps_index in (0, 15):
        return None
    rate = _MP3_RATES[version][rate_index]
    kbps = (_MP3_KBPS_1 if version == 3 else _MP3_KBPS_2)[kbps_index]
    length = (144 if version == 3 else 72) * kbps * 1000 // rate + (piece[at + 2] >> 1 & 1)
    return version, rate, kbps * 1000, length


def _mp3(piece: bytes, at: int, audio_bytes: int) -> AudioHeader:
    frame = _mp3_frame(piece, at)
    if frame is None:
        raise HeaderError("is an MP3 file with a damaged header")
    version, rate, bits_per_second, _ = frame
    channels = 1 if piece[at + 3] >> 6 == 3 else 2
    side_bytes = {True: {1: 17, 2: 32}, False: {1: 9, 2: 17}}[version == 3][channels]
    tag = at + 4 + side_bytes
    samples_per_frame = 1152 if version == 3 else 576
    if piece[tag : tag + 4] in (b"Xing", b"Info") and piece[tag + 7] & 1:
        frames = int.from_bytes(piece[tag + 8 : tag + 12], "big")
        return AudioHeader("mp3", rate, channels, frames * samples_per_frame / rate)
    if piece[at + 36 : at + 40] == b"VBRI":
        frames = int.from_bytes(piece[at + 50 : at + 54], "big")
        return AudioHeader("mp3", rate, channels, frames * samples_per_frame / rate)
    seconds = audio_bytes * 8 / bits_per_second
    return AudioHeader("mp3", rate, channels, seconds, is_estimate=True)


def _ogg(read: Read, head: bytes, size: int) -> AudioHeader:
    if len(head) < 28:
        raise HeaderError("is cut off in its header")
    packet = head[27 + head[26] :]
    if packet[:7] == b"\x01vorbis" and len(packet) >= 16:
        channels, rate, skip, kind = packet[11], _int(packet, 12, 4), 0, "ogg"
        clock_hz = rate
    elif packet[:8] == b"OpusHead" and len(packet) >= 16:
        # Opus always decodes at 48 kHz; the rate in its header is only what went in.
        channels, rate, skip, kind = packet[9], 48_000, _int(packet, 10, 2), "opus"
        clock_hz = 48_000
    elif packet[:5] == b"\x7fFLAC":
        inner = _flac(packet, 9)
        channels, rate, skip, kind, clock_hz = (
            inner.channels,
            inner.rate_hz,
            0,
            "ogg",
            inner.rate_hz,
        )
    else:
        raise HeaderError("is an Ogg file without Vorbis, Opus or FLAC audio")
    frames = _last_granule(read, head, size)
    if frames is None or not clock_hz:
        return AudioHeader(kind, rate, channels, None, is_truncated=True)
    return AudioHeader(kind, rate, channels, max(0, frames - skip) / clock_hz)


def _last_granule(read: Read, head: bytes, size: int) -> int | None:
    tail = head if size <= len(head) else read(max(0, size - TAIL_BYTES), TAIL_BYTES)
    at = tail.rfind(b"OggS")
    while at >= 0:
        granule = int.from_bytes(tail[at + 6 : at + 14], "little", signed=True)
        if granule > 0 and len(tail) >= at + 27:
            return granule
        at = tail.rfind(b"OggS", 0, at)
    return None
