"""Any recording to mono sound at one rate, with PyAV and soxr; runs in the child process only."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

VAD_RATE_HZ = 16_000
SECONDS_BETWEEN_REPORTS = 30.0
FORMATS = "wav,w64,aiff,caf,mp3,flac,ogg,aac,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,asf,avi,amr,mpegts,mpeg,au"
"""Containers only: playlists and the like could make the decoder open other files or addresses."""


class DecodeError(Exception):
    """The recording cannot be used; a sentence without its subject."""


def decode_recording(
    path: Path,
    rate_hz: int,
    most_seconds: float,
    sink: BinaryIO,
    hear: Callable[[Any], None],
    tell: Callable[[float], None],
) -> int:
    """Write the recording as 16-bit mono at `rate_hz` into `sink`; returns the number of samples.

    `hear` gets the same sound at 16 kHz as floats, for finding speech. DecodeError for what has no sound,
    cannot be decoded, or is longer than `most_seconds`.
    """
    numpy = importlib.import_module("numpy")
    soxr = importlib.import_module("soxr")
    written = 0
    told = 0.0
    streams: tuple[Any, Any] | None = None
    for wave, source_hz in _in_seconds(numpy, _mono(numpy, path)):
        if streams is None:
            streams = tuple(
                soxr.ResampleStream(source_hz, wanted, 1, dtype="float32", quality="HQ")
                for wanted in (rate_hz, VAD_RATE_HZ)
            )
        assert streams is not None
        written += _write(numpy, sink, streams[0].resample_chunk(wave))
        hear(streams[1].resample_chunk(wave))
        seconds = written / rate_hz
        if seconds > most_seconds:
            raise DecodeError(f"lasts more than {most_seconds / 3600:g} hours")
        if seconds - told >= SECONDS_BETWEEN_REPORTS:
            told = seconds
            tell(seconds)
    if streams is None:
        raise DecodeError("holds no sound")
    rest = numpy.zeros(0, dtype="float32")
    written += _write(numpy, sink, streams[0].resample_chunk(rest, last=True))
    hear(streams[1].resample_chunk(rest, last=True))
    return written


def _write(numpy: Any, sink: BinaryIO, wave: Any) -> int:
    scaled = numpy.clip(numpy.rint(wave * 32768.0), -32768, 32767).astype("<i2")
    sink.write(scaled.tobytes())
    return len(scaled)


def _mono(numpy: Any, path: Path) -> Iterator[tuple[Any, int]]:
    """Pieces of the first sound track as mono floats, each with its rate."""
    av = importlib.import_module("av")
    # A file object and a short list of formats: the decoder gets no way to open anything else.
    with path.open("rb") as file:
        try:
            with av.open(file, options={"format_whitelist": FORMATS}) as container:
                if not container.streams.audio:
                    raise DecodeError("has no sound track")
                track = container.streams.audio[0]
                to_float = av.AudioResampler(format="fltp")
                for piece in container.decode(track):
                    is_float = piece.format.name == "fltp"
                    yield from _floats(numpy, [piece] if is_float else to_float.resample(piece))
        except av.error.FFmpegError as exc:
            raise DecodeError(f"cannot be decoded: {exc.strerror}") from exc
        except (ValueError, MemoryError, EOFError, OverflowError) as exc:
            raise DecodeError(f"cannot be decoded: {exc}") from exc


def _in_seconds(numpy: Any, pieces: Iterator[tuple[Any, int]]) -> Iterator[tuple[Any, int]]:
    """The same sound in pieces of about a second: a decoder's frames are so short that their number costs most."""
    held: list[Any] = []
    held_hz = samples = 0
    for wave, rate_hz in pieces:
        if held_hz and rate_hz != held_hz:
            raise DecodeError("changes its sample rate on the way")
        held.append(wave)
        held_hz, samples = rate_hz, samples + len(wave)
        if samples >= held_hz:
            yield numpy.concatenate(held), held_hz
            held, samples = [], 0
    if held:
        yield numpy.concatenate(held), held_hz


def _floats(numpy: Any, pieces: Any) -> Iterator[tuple[Any, int]]:
    for piece in pieces:
        yield piece.to_ndarray().mean(axis=0, dtype="float32").astype("float32"), piece.sample_rate
