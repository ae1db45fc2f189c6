"""A recording of any kind to sixteen-bit mono at the voice's rate, without the silence at its ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pod_image.dataset.audio_header import HeaderError
from pod_image.dataset.fitness import Unfit
from pod_image.dataset.sound import decoded, fitted, header_of, resampled, scaled
from pod_image.dataset.trimming import VAD_RATE_HZ, SpeechSpan, silero_speech_span, trimmed

__all__ = ["UnreadableRecording", "fitting_recording", "load_recording", "silero_speech_span"]


class UnreadableRecording(Exception):
    """The file holds no sound that can be decoded."""


def load_recording(path: Path, rate_hz: int, speech_span: SpeechSpan | None) -> NDArray[np.int16]:
    """Decode, mix to mono, resample and trim. Raises UnreadableRecording."""
    sound, source_hz = _decode(path)
    at_rate = scaled(np, resampled(sound, source_hz, rate_hz))
    if speech_span is not None:
        span = speech_span(resampled(sound, source_hz, VAD_RATE_HZ))
        at_rate = trimmed(at_rate, span, rate_hz)
    return _in_sixteen_bits(at_rate)


def fitting_recording(
    path: Path, rate_hz: int, ids: int, speech_span: SpeechSpan | None
) -> NDArray[np.int16] | Unfit:
    """The sound as it is trained on with a text of so many ids, or why it cannot be. Raises UnreadableRecording."""
    sound, source_hz = _decode(path)
    at_rate, problem = fitted(sound, source_hz, rate_hz, ids, speech_span)
    return problem or _in_sixteen_bits(at_rate)


def _in_sixteen_bits(sound: Any) -> NDArray[np.int16]:
    in_steps: NDArray[np.int16] = np.round(np.clip(sound, -1.0, 1.0) * 32767.0).astype(np.int16)
    return in_steps


def _decode(path: Path) -> tuple[Any, int]:
    try:
        with _opened(path) as (read, size):
            return decoded(read, size, header_of(read, size))
    except (HeaderError, OSError) as exc:
        raise UnreadableRecording(f"{exc}") from exc


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Callable[[int, int], bytes], int]]:
    with path.open("rb") as file:

        def read(start: int, length: int) -> bytes:
            file.seek(start)
            return file.read(length)

        yield read, path.stat().st_size
