"""Recognisers of the tests' own: one that reads a table, and pocketsphinx's aligner, whose model is in its wheel."""

from __future__ import annotations

import importlib
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pod_image.hearing.recogniser import (
    RATE_HZ,
    GuessedLanguage,
    HeardText,
    HeardWord,
    Score,
    Sound,
)
from pod_image.hearing.sounds import load_sound
from pod_image.hearing.spoken_text import words_of
from tests.kit.checkout import DEMO_CLIPS


def demo_texts() -> dict[str, str]:
    """What is said in each of the demo's clips, by file name."""
    lines = (DEMO_CLIPS / "metadata.csv").read_text("utf-8").splitlines()
    return {f"{stem}.flac": text for stem, text in (line.split("|") for line in lines)}


def demo_sound(name: str) -> Path:
    return DEMO_CLIPS / "wavs" / name


@cache
def _samples(name: str) -> int:
    return len(load_sound(demo_sound(name)))


@dataclass
class TableRecogniser:
    """Knows sounds by their length, and what is said in each: a clip of any other length it does not understand.

    `unsure` words are heard at 0.4. What it was asked is kept in `heard` and `scored`, by text.
    """

    said: Mapping[int, str]
    name: str = "table"
    language: GuessedLanguage = GuessedLanguage("en", 0.98)  # noqa: RUF009 - frozen
    unsure: frozenset[str] = frozenset()
    understands: float = 0.95
    heard: list[str] = field(default_factory=list)
    scored: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    stop_after: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of_demo(cls, names: Sequence[str] | None = None, **more: Any) -> TableRecogniser:
        texts = demo_texts()
        wanted = texts if names is None else names
        return cls({_samples(name): texts[name] for name in wanted}, **more)

    def guess_language(self, sound: Sound) -> GuessedLanguage:
        return self.language

    def hear(self, sound: Sound, language: str) -> HeardText:
        text = self.said.get(len(sound), "")
        with self._lock:
            if self.stop_after is not None and len(self.heard) >= self.stop_after:
                raise KeyboardInterrupt
            self.heard.append(text)
            self.languages.append(language)
        return HeardText(text, self._heard_words(text.split(), len(sound)))

    def hear_long(self, sound: Sound, language: str) -> HeardText:
        raise NotImplementedError

    def score(self, sound: Sound, texts: Sequence[str], language: str) -> list[Score]:
        truth = words_of(self.said.get(len(sound), ""))
        with self._lock:
            self.scored += texts
            self.languages.append(language)
        return [self._score(truth, text, len(sound)) for text in texts]

    def _score(self, truth: Sequence[str], text: str, samples: int) -> Score:
        words: list[HeardWord] = []
        at = 0
        for word in text.split():
            plain = "".join(words_of(word))
            fits = plain in truth[at : at + 1]
            probability = 0.9 if fits else 0.004
            at = truth.index(plain, at) + 1 if plain in truth[at:] else at
            end = at / max(1, len(truth)) * samples / RATE_HZ
            words.append(HeardWord(word, max(0.0, end - 0.2), end, probability))
        logs = [math.log(each.probability) for each in words]
        return Score(tuple(words), sum(logs) / len(logs) if logs else 0.0)

    def _heard_words(self, words: Sequence[str], samples: int) -> tuple[HeardWord, ...]:
        each = samples / RATE_HZ / max(1, len(words))
        return tuple(
            HeardWord(
                word,
                number * each,
                (number + 1) * each,
                0.4 if word.strip(".,?!") in self.unsure else self.understands,
            )
            for number, word in enumerate(words)
        )


class Aligner:
    """pocketsphinx's forced alignment as a recogniser that scores and does not hear: real sound, real texts."""

    name = "pocketsphinx"
    worst_a_frame = 0.005

    def __init__(self) -> None:
        self._decoder: Any = importlib.import_module("pocketsphinx").Decoder(
            samprate=16_000, bestpath=False, loglevel="FATAL"
        )
        self._numpy: Any = importlib.import_module("numpy")

    def guess_language(self, sound: Sound) -> GuessedLanguage:
        return GuessedLanguage("en", 1.0)

    def hear(self, sound: Sound, language: str) -> HeardText:
        return HeardText("")

    def hear_long(self, sound: Sound, language: str) -> HeardText:
        raise NotImplementedError

    def score(self, sound: Sound, texts: Sequence[str], language: str) -> list[Score]:
        return [self._score(sound, text) for text in texts]

    def _score(self, sound: Sound, text: str) -> Score:
        words = [each for each in words_of(text) if self._decoder.lookup_word(each)]
        pcm = (self._numpy.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
        self._decoder.set_align_text(" ".join(words))
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()
        if self._decoder.hyp() is None:
            return Score((HeardWord(words[0], 0.0, 0.0, 0.001),), -5.0)
        aligned = [each for each in self._decoder.seg() if not each.word.startswith("<")]
        scored = tuple(self._rated(each) for each in aligned)
        fits = all(each.probability > 0.1 for each in scored)
        return Score(scored, -0.1 if fits else -3.0)

    def _rated(self, segment: Any) -> HeardWord:
        frames = segment.end_frame - segment.start_frame + 1
        badness = -math.log(max(1e-30, float(segment.ascore))) / frames
        probability = 0.9 if badness <= self.worst_a_frame else 0.001
        return HeardWord(
            segment.word.split("(")[0],
            segment.start_frame / 100,
            (segment.end_frame + 1) / 100,
            probability,
        )
