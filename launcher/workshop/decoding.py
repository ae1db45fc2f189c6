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
    """Write the recording as mono floats of 4 bytes at `rate_hz` into `sink`; returns how many there are.

    Floats, since what is over full scale is not to be cut off. `hear` gets the same sound at 16 kHz, for finding
    speech. DecodeError for what has no sound, cannot be decoded, holds what is no number, or is longer than
    `most_seconds`.
    """
    numpy = importlib.import_module("numpy")
    soxr = importlib.import_module("soxr")
    written = 0
    told = 0.0
    streams: tuple[Any, Any] | None = None
    for wave, source_hz in _mono(path):
        if streams is None:
            streams = (_stream(soxr, source_hz, rate_hz), _stream(soxr, source_hz, VAD_RATE_HZ))
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


def _stream(soxr: Any, source_hz: int, wanted_hz: int) -> Any:
    if source_hz == wanted_hz:
        return _AsItIs()
    return soxr.ResampleStream(source_hz, wanted_hz, 1, dtype="float32", quality="HQ")


class _AsItIs:
    """Stands for a resampler where there is nothing to resample."""

    def resample_chunk(self, wave: Any, last: bool = False) -> Any:
        return wave


def _write(numpy: Any, sink: BinaryIO, wave: Any) -> int:
    if not numpy.isfinite(wave).all():
        raise DecodeError("holds values that are not numbers")
    sink.write(wave.astype("<f4", copy=False).tobytes())
    return len(wave)


def _mono(path: Path) -> Iterator[tuple[Any, int]]:
    """Pieces of about a second of the first sound track as mono floats, each with its rate."""
    av = importlib.import_module("av")
    # A file object and a short list of formats: the decoder gets no way to open anything else.
    with path.open("rb") as file:
        try:
            with av.open(file, options={"format_whitelist": FORMATS}) as container:
                if not container.streams.audio:
                    raise DecodeError("has no sound track")
                to_float = av.AudioResampler(format="fltp")
                for piece in _in_seconds(av, container.decode(container.streams.audio[0])):
                    is_float = piece.format.name == "fltp"
                    yield from _floats([piece] if is_float else to_float.resample(piece))
        except av.error.FFmpegError as exc:
            raise DecodeError(f"cannot be decoded: {exc.strerror}") from exc
        except (ValueError, MemoryError, EOFError, OverflowError) as exc:
            raise DecodeError(f"cannot be decoded: {exc}") from exc


def _in_seconds(av: Any, frames: Iterator[Any]) -> Iterator[Any]:
    """The same sound in frames of about a second: a decoder's are so short that their number costs most."""
    fifo: Any = None
    kind: tuple[str, str, int] | None = None
    for frame in frames:
        if kind is not None and frame.sample_rate != kind[2]:
            raise DecodeError("changes its sample rate in the middle")
        frame_kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if frame_kind != kind:
            if fifo is not None and fifo.samples:
                yield fifo.read()
            fifo, kind = av.AudioFifo(), frame_kind
        frame.pts = None  # gaps in a file's own clock are not silence to keep
        fifo.write(frame)
        if fifo.samples >= frame.sample_rate:
            yield fifo.read()
    if fifo is not None and fifo.samples:
        yield fifo.read()


def _floats(pieces: Any) -> Iterator[tuple[Any, int]]:
    for piece in pieces:
        channels = piece.to_ndarray()
        mono = channels[0] if len(channels) == 1 else channels.mean(axis=0, dtype="float32")
        yield mono.astype("float32", copy=False), piece.sample_rate
