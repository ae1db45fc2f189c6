"""Rate, channels and length of an audio file from its first (and sometimes last) bytes; reads no audio."""

from __future__ import annotations

from dataclasses import replace

from pod_image.dataset.audio_header import (
    HEAD_BYTES,
    TAIL_BYTES,
    AudioHeader,
    HeaderError,
    Read,
    Window,
    piece_of,
    plausible,
)
from pod_image.dataset.flac_headers import MAGIC as FLAC_MAGIC
from pod_image.dataset.flac_headers import read_flac, stream_info
from pod_image.dataset.mp3_headers import first_frame, is_frame, read_mp3
from pod_image.dataset.wav_headers import RIFF_KINDS, W64_MAGIC, is_riff, read_riff, read_w64

__all__ = ["HEAD_BYTES", "AudioHeader", "HeaderError", "Read", "read_header"]

MOST_TAG_BYTES = 16 * 2**20
MOST_TAGS = 8
JUNK_BYTES = 65_536
LEAST_HEAD_BYTES = 512


def read_header(read: Read, size: int) -> AudioHeader:
    """Header of a file of `size` bytes, behind tags and junk if there are any.

    HeaderError for anything else than WAV, FLAC, Ogg or MP3: either it `is_sure`, or the decoder may know better.
    """
    if size == 0:
        raise HeaderError("is empty", is_sure=True)
    head = read(0, HEAD_BYTES)
    try:
        return plausible(_behind_tags(read, head, size))
    except IndexError as exc:  # a file may end in the middle of any field
        raise HeaderError("is cut off in its header") from exc


def _behind_tags(read: Read, head: bytes, size: int) -> AudioHeader:
    start = _after_tags(read, head, size)
    if start:
        head = piece_of(read, head, start, HEAD_BYTES) if start + 64 > len(head) else head[start:]
    found = _by_magic(read, head, start, size)
    if found is not None:
        return found
    if not start:
        _refuse_others(head)
    junk = head if size - start <= len(head) else read(start, JUNK_BYTES)
    at = _behind_junk(junk)
    if at is None:
        raise HeaderError("is not WAV, FLAC, Ogg or MP3")
    head = junk[at:] if len(junk) - at >= LEAST_HEAD_BYTES else read(start + at, HEAD_BYTES)
    found = _by_magic(read, head, start + at, size)
    if found is None:
        raise HeaderError("is not WAV, FLAC, Ogg or MP3")
    return found


def _after_tags(read: Read, head: bytes, size: int) -> int:
    """Where the file goes on after ID3 and APE tags, of which programs write several."""
    at = 0
    for _ in range(MOST_TAGS):
        tag = piece_of(read, head, at, 32)
        if tag[:3] == b"ID3" and len(tag) >= 10:
            length = 10 + sum((tag[6 + i] & 0x7F) << (21 - 7 * i) for i in range(4))
            length += 10 if tag[5] & 0x10 else 0
        elif tag[:8] == b"APETAGEX" and len(tag) >= 32:
            length = 32 + int.from_bytes(tag[12:16], "little")
        else:
            return at
        if at + length > min(size, MOST_TAG_BYTES):
            raise HeaderError("is cut off in its tags")
        at += length
    return at


def _by_magic(read: Read, head: bytes, start: int, size: int) -> AudioHeader | None:
    """What begins at `start`, where `head` begins too; None for what is not known."""
    if is_riff(head) or head.startswith(W64_MAGIC):
        reader = read_riff if is_riff(head) else read_w64
        return _moved(reader(_from(read, start), head, size - start), start, size)
    if head.startswith(FLAC_MAGIC):
        return _moved(read_flac(_from(read, start), head, size - start), start, size)
    if head[:4] == b"OggS":
        return _moved(_ogg(_from(read, start), head, size - start), start, size)
    if is_frame(head, 0):
        return _moved(read_mp3(read, head, start, size), start, size)
    return None


def _from(read: Read, start: int) -> Read:
    return read if start == 0 else lambda at, length: read(start + at, length)


def _moved(header: AudioHeader, start: int, size: int) -> AudioHeader:
    """The header of a file whose first `start` bytes are something else."""
    if start == 0:
        return header
    inner = header.window or Window(b"", 0, size - start)
    return replace(header, window=Window(inner.prefix, inner.start + start, inner.length))


def _behind_junk(head: bytes) -> int | None:
    """Where a header begins behind what is none: zeros, a line end, the rest of a cut frame."""
    for magic in (*RIFF_KINDS, W64_MAGIC, FLAC_MAGIC, b"OggS"):
        at = head.find(magic)
        if at >= 0 and (magic not in RIFF_KINDS or is_riff(head, at)):
            return at
    return first_frame(head)


_OTHERS = (
    (b"\x1a\x45\xdf\xa3", "is a Matroska or WebM file"),
    (b"PK\x03\x04", "is a zip archive"),
    (b"\x89PNG", "is a picture"),
    (b"<!DOCTYPE", "is a web page"),
    (b"<html", "is a web page"),
    (b"version https://git-lfs", "is a Git LFS pointer and not the audio itself"),
)


def _refuse_others(head: bytes) -> None:
    """HeaderError for what no decoder of a training reads."""
    if head[4:8] == b"ftyp":
        raise HeaderError("is an MP4 or M4A file", is_sure=True)
    for magic, sentence in _OTHERS:
        if head.startswith(magic):
            raise HeaderError(sentence, is_sure=True)
    text = head[:256]
    if text and all(9 <= byte < 127 for byte in text):
        raise HeaderError("holds text, not audio", is_sure=True)


def _int(piece: bytes, start: int, length: int) -> int:
    return int.from_bytes(piece[start : start + length], "little")


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
        inner, _ = stream_info(packet, 9)
        channels, rate, skip, kind = inner.channels, inner.rate_hz, 0, "ogg"
        clock_hz = rate
    else:
        raise HeaderError("is an Ogg file without Vorbis, Opus or FLAC audio")
    frames, is_cut = _last_granule(read, head, size)
    if frames is None or not clock_hz:
        return AudioHeader(kind, rate, channels, None, is_truncated=True)
    return AudioHeader(kind, rate, channels, max(0, frames - skip) / clock_hz, is_truncated=is_cut)


def _last_granule(read: Read, head: bytes, size: int) -> tuple[int | None, bool]:
    """The frames until the end of the last whole page, and whether a page after it is cut off."""
    tail = head if size <= len(head) else read(max(0, size - TAIL_BYTES), TAIL_BYTES)
    at, is_cut = tail.rfind(b"OggS"), False
    while at >= 0:
        granule = int.from_bytes(tail[at + 6 : at + 14], "little", signed=True)
        if not _is_whole_page(tail, at):
            is_cut = True
        elif granule > 0:
            return granule, is_cut
        at = tail.rfind(b"OggS", 0, at)
    return None, True


def _is_whole_page(tail: bytes, at: int) -> bool:
    lacing = tail[at + 27 : at + 27 + tail[at + 26]] if len(tail) >= at + 27 else b""
    return bool(lacing) and at + 27 + len(lacing) + sum(lacing) <= len(tail)
