"""A clip's sound, decoded one way for check and training. The only user of soundfile and soxr here; no torch."""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator
from typing import Any

from pod_image.dataset.audio_header import (
    TOLERATED_SECONDS,
    AudioHeader,
    HeaderError,
    Read,
    Window,
    plausible,
)
from pod_image.dataset.fitness import SILENT, SILENT_PEAK, WHOLE_RECORDING_SECONDS, Unfit, unfit
from pod_image.dataset.headers import read_header
from pod_image.dataset.trimming import VAD_RATE_HZ, SpeechSpan, trimmed

MOST_BYTES_AT_ONCE = 32 * 2**20
BLOCK_SAMPLES = 2**20
DECODER_ABSENT = "the decoder, which may know it, is not installed"
MP3_PADDING_SECONDS = 0.15
"""What encoder and decoder of an MP3 add and take away at its ends."""


class DamagedSound(HeaderError):
    """The header is right, what follows is not."""


def header_of(read: Read, size: int) -> AudioHeader:
    """The header of a clip; where the first bytes are not known, as the decoder of a training has it.

    HeaderError for what the training cannot read. A length that only the whole file tells is found out.
    """
    try:
        header = read_header(read, size)
    except HeaderError as exc:
        if exc.is_sure:
            raise
        return plausible(_by_decoder(read, size, exc))
    if header.seconds is None and not header.is_truncated:
        wave, rate_hz = decoded(read, size, header)
        return AudioHeader(header.kind, rate_hz, header.channels, len(wave) / rate_hz, bits=header.bits)  # fmt: skip
    return header


def _by_decoder(read: Read, size: int, problem: HeaderError) -> AudioHeader:
    try:
        soundfile = importlib.import_module("soundfile")
    except ImportError:
        raise HeaderError(f"{problem}, and {DECODER_ABSENT}") from problem
    try:
        with soundfile.SoundFile(_stream(read, size, None)) as file:
            kind, rate_hz = str(file.format).lower(), int(file.samplerate)
            return AudioHeader(kind, rate_hz, int(file.channels), file.frames / rate_hz)
    except (RuntimeError, ValueError, TypeError, ZeroDivisionError, OverflowError):
        raise problem from None


def decoded(
    read: Read, size: int, header: AudioHeader, most_seconds: float = WHOLE_RECORDING_SECONDS
) -> tuple[Any, int]:
    """The clip as mono floats with their rate, at most so much of it; scaled where it is over full scale.

    HeaderError for what is cut off, damaged, or holds what is no number. ImportError without soundfile.
    """
    if header.is_truncated:
        raise DamagedSound("is cut off: its header promises more audio than the file contains")
    numpy = importlib.import_module("numpy")
    soundfile = importlib.import_module("soundfile")
    stream = _stream(read, size, header.window)
    try:
        with soundfile.SoundFile(stream) as file:
            rate_hz = int(file.samplerate)
            wave = numpy.concatenate(list(_blocks(numpy, file, int(most_seconds * rate_hz))))
    except (RuntimeError, ValueError, TypeError, MemoryError, OverflowError) as exc:
        raise DamagedSound(f"cannot be decoded: {_plain(exc)}") from exc
    _refuse_less(header, len(wave) / rate_hz, most_seconds)
    return scaled(numpy, wave), rate_hz


def _plain(problem: Exception) -> str:
    """Without the object that stood for the file."""
    said = str(problem)
    return said.rsplit(">: ", 1)[-1].rstrip(".") or type(problem).__name__


def _blocks(numpy: Any, file: Any, most: int) -> Iterator[Any]:
    yield numpy.zeros(0, dtype="float32")
    channels = int(file.channels)
    size = max(1024, BLOCK_SAMPLES // channels)
    while most > 0:
        block = file.read(min(size, most), dtype="float32", always_2d=True)
        if not len(block):
            return
        most -= len(block)
        yield block[:, 0] if channels == 1 else block.mean(axis=1, dtype="float32")


def _refuse_less(header: AudioHeader, seconds: float, most_seconds: float) -> None:
    promised = header.seconds
    if promised is None or header.is_estimate:
        return
    tolerated = MP3_PADDING_SECONDS if header.kind == "mp3" else TOLERATED_SECONDS
    if seconds < min(promised, most_seconds) - tolerated:
        raise DamagedSound(f"is damaged: of {promised:.1f} s only {seconds:.1f} s can be decoded")


def scaled(numpy: Any, wave: Any) -> Any:
    """The wave, made quieter as a whole where floats are over full scale: nothing of it is cut off."""
    peak = float(numpy.abs(wave).max()) if len(wave) else 0.0
    if not numpy.isfinite(peak):
        raise DamagedSound("holds values that are not numbers")
    return wave / numpy.float32(peak) if peak > 1.0 else wave


def is_silent(numpy: Any, wave: Any) -> bool:
    return not len(wave) or float(numpy.abs(wave).max()) < SILENT_PEAK


def fitted(
    wave: Any, source_hz: int, rate_hz: int, ids: int | None, speech_span: SpeechSpan | None
) -> tuple[Any, Unfit | None]:
    """The sound as it is trained on, at the voice's rate, and what keeps it from that, if anything does.

    Trimmed unless only the whole of it fits the text: the detector is not always right.
    """
    numpy = importlib.import_module("numpy")
    whole = scaled(numpy, resampled(wave, source_hz, rate_hz))
    if len(wave) and is_silent(numpy, wave):
        return whole, unfit(len(whole), rate_hz, None) or SILENT
    if speech_span is None:
        return whole, unfit(len(whole), rate_hz, ids)
    part = trimmed(whole, speech_span(resampled(wave, source_hz, VAD_RATE_HZ)), rate_hz)
    problem = unfit(len(part), rate_hz, ids)
    if problem is None or unfit(len(whole), rate_hz, ids) is not None:
        return part, problem
    return whole, None


def resampled(wave: Any, source_hz: int, rate_hz: int) -> Any:
    if source_hz == rate_hz or not len(wave):
        return wave
    return importlib.import_module("soxr").resample(wave, source_hz, rate_hz)


def _stream(read: Read, size: int, window: Window | None) -> io.BufferedIOBase:
    """What the decoder reads. A short one as a whole, so that what cannot be read is an OSError of ours."""
    chosen = window or Window(b"", 0, size)
    if chosen.length <= MOST_BYTES_AT_ONCE:
        return io.BytesIO(chosen.prefix + read(chosen.start, chosen.length))
    return io.BufferedReader(_Seen(read, chosen), 2**20)


class _Seen(io.RawIOBase):
    """A window of a file as a file of its own."""

    def __init__(self, read: Read, window: Window) -> None:
        super().__init__()
        self._read, self._window, self._at = read, window, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        whole = len(self._window.prefix) + self._window.length
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: whole}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        prefix = self._window.prefix
        if self._at < len(prefix):
            piece = prefix[self._at : self._at + len(buffer)]
        else:
            at = self._at - len(prefix)
            wanted = max(0, min(len(buffer), self._window.length - at))
            piece = self._read(self._window.start + at, wanted) if wanted else b""
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
