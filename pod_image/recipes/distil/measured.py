"""What was measured of one clip beside its sentence: by level, by Silero's detector and by the recogniser."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from pod_image.dataset.fitness import LONGEST_SECONDS
from pod_image.hearing.recogniser import HeardText, Recogniser, Score, Sound
from pod_image.hearing.sounds import UnreadableSound, load_sound
from pod_image.hearing.speech import CHUNK_SECONDS, SPEECH_PROBABILITY, speech_detector
from pod_image.hearing.spoken_text import words_of
from pod_image.recipes.distil.laid_beside import too_many

EDGE_SECONDS = 0.02
FULL_SCALE = 0.99
MOST_BYTES = 200_000_000
LONGEST_HEARD = 300


class UnreadableClip(Exception):
    """No clip: a sentence without its subject."""


@dataclass(frozen=True)
class Measured:
    """Levels are shares of full scale; `head` and `tail` those of the first and last moment beside the whole clip's.

    `is_heard`: whether there was a recogniser; without one nothing is said of words.
    """

    seconds: float
    peak: float
    clipped_share: float
    head: float
    tail: float
    speech_seconds: float
    """From the first to the last of it."""
    longest_pause_seconds: float
    is_heard: bool = False
    least_word: str = ""
    least_probability: float = 0.0
    mean_log_probability: float = 0.0
    goes_on_seconds: float = 0.0
    """Speech after the sentence's last word."""
    too_many: str = ""
    """Words that were heard beside the sentence's own."""
    too_many_probability: float = 0.0
    heard: str = ""


class Ears:
    """May be used from several threads. Without a recogniser it hears no words."""

    def __init__(self, recogniser: Recogniser | None, language: str) -> None:
        self._recogniser, self._language = recogniser, language

    def measure(self, path: Path, text: str) -> Measured:
        """Raises UnreadableClip."""
        wave, rate_hz = read_clip(path)
        numpy = importlib.import_module("numpy")
        sound = _at_ears_rate(path)
        start, end, pause = speech_in(speech_detector().probabilities(sound))
        edge = max(1, round(EDGE_SECONDS * rate_hz))
        whole = _level(numpy, wave) or 1.0
        levels = Measured(
            seconds=round(len(wave) / rate_hz, 3),
            peak=round(float(numpy.abs(wave).max(initial=0.0)), 4),
            clipped_share=round(float((numpy.abs(wave) >= FULL_SCALE).mean()), 5),
            head=round(_level(numpy, wave[:edge]) / whole, 3),
            tail=round(_level(numpy, wave[-edge:]) / whole, 3),
            speech_seconds=round(end - start, 3),
            longest_pause_seconds=round(pause, 3),
        )
        if self._recogniser is None or levels.speech_seconds == 0.0:
            return levels
        (score,) = self._recogniser.score(sound, [text], self._language)
        return _with_words(
            levels, score, self._recogniser.hear(sound, self._language), text, end, self._language
        )


def read_clip(path: Path) -> tuple[Any, int]:
    """Mono floats at the clip's own rate. Raises UnreadableClip."""
    soundfile = importlib.import_module("soundfile")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableClip("is far too large for one sentence")
        with soundfile.SoundFile(path) as file:
            if not 8_000 <= file.samplerate <= 192_000:
                raise UnreadableClip(f"has a rate of {file.samplerate} Hz")
            if file.frames > LONGEST_SECONDS * file.samplerate:
                raise UnreadableClip(f"lasts over {LONGEST_SECONDS:.0f} s")
            wave = file.read(dtype="float32", always_2d=True).mean(axis=1)
            rate_hz = int(file.samplerate)
    except (OSError, RuntimeError, ValueError) as exc:  # soundfile's errors are RuntimeErrors
        raise UnreadableClip("cannot be read as audio") from exc
    if not len(wave):
        raise UnreadableClip("is empty")
    if not importlib.import_module("numpy").isfinite(wave).all():
        raise UnreadableClip("holds values that are not numbers")
    return wave, rate_hz


def _at_ears_rate(path: Path) -> Sound:
    try:
        return load_sound(path)
    except UnreadableSound as exc:
        raise UnreadableClip(f"{exc}") from exc


def speech_in(probabilities: Sequence[float]) -> tuple[float, float, float]:
    """When speech begins and ends, and the longest pause in it, in seconds; zeros where nobody speaks."""
    spoken = [at for at, each in enumerate(probabilities) if each >= SPEECH_PROBABILITY]
    if not spoken:
        return 0.0, 0.0, 0.0
    pauses = (after - before - 1 for before, after in pairwise(spoken))
    longest = max(pauses, default=0) * CHUNK_SECONDS
    return spoken[0] * CHUNK_SECONDS, (spoken[-1] + 1) * CHUNK_SECONDS, longest


def _with_words(
    levels: Measured, score: Score, heard: HeardText, text: str, speech_end: float, language: str
) -> Measured:
    least = score.least
    extra = too_many(words_of(text, language), _plain_words(heard, language))
    return replace(
        levels,
        is_heard=True,
        least_word=least.text if least else "",
        least_probability=round(least.probability, 5) if least else 0.0,
        mean_log_probability=round(score.mean_log_probability, 3),
        goes_on_seconds=round(speech_end - score.words[-1].end, 3) if score.words else 0.0,
        too_many=" ".join(word for word, _ in extra),
        too_many_probability=round(max((p for _, p in extra), default=0.0), 3),
        heard=heard.text[:LONGEST_HEARD],
    )


def _plain_words(heard: HeardText, language: str) -> list[tuple[str, float]]:
    """As they are compared, each with the probability of the word it is of."""
    return [
        (plain, word.probability) for word in heard.words for plain in words_of(word.text, language)
    ]


def _level(numpy: Any, wave: Any) -> float:
    return float(numpy.sqrt(numpy.square(wave, dtype="float64").mean())) if len(wave) else 0.0
