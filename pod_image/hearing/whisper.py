"""Whisper through faster-whisper: arrays in, words with probabilities out; each clip is encoded once."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pod_image.hearing.hearing_error import HearingError
from pod_image.hearing.recogniser import (
    RATE_HZ,
    GuessedLanguage,
    HeardText,
    HeardWord,
    Score,
    Sound,
)
from pod_image.hearing.spoken_text import has_letters, variants
from pod_image.hearing.tokenizer_check import whole_tokenizer

MODEL_FILES = ("config.json", "tokenizer.json", "model.bin")
FRAMES_PER_SECOND = 100
SHORT_WINDOW_SECONDS = 10
"""A whole window of 30 s costs 3.6 times as much whatever the clip's length; 6 s make it repeat itself without end."""
SHORT_CLIP_SECONDS = 9.0
WHOLE_WINDOW_SECONDS = 30
MOST_WORDS_A_SECOND = 7.0
TOKENS_A_WORD = 3
MOST_TOKENS = 224
LEAST_PROBABILITY = 1e-8
INSTALL = "pip install 'pod-launcher[transcribe]'"


class Whisper:
    """A model in a folder of the form that faster-whisper reads. `jobs` calls run at once."""

    def __init__(
        self, folder: Path, *, name: str = "", jobs: int = 1, threads: int = 1, device: str = "cpu"
    ) -> None:
        self._library, self._numpy = _libraries()
        missing = [each for each in MODEL_FILES if not (folder / each).is_file()]
        if missing:
            raise HearingError(
                f"{folder} holds no Whisper model: {', '.join(missing)} is not there.",
                hint="A folder as faster-whisper reads it has config.json, tokenizer.json, vocabulary and model.bin.",
            )
        self._name = name or folder.name
        try:
            self._model = self._library.WhisperModel(
                str(folder),
                device=device,
                compute_type="float16" if device == "cuda" else "int8",
                cpu_threads=threads,
                num_workers=jobs,
            )
        except (RuntimeError, ValueError, OSError) as exc:
            raise HearingError(
                f"The model in {folder} cannot be loaded: {exc}".rstrip(".") + ".",
                hint="Fetch the model again, or choose another.",
            ) from exc
        self._model.hf_tokenizer = whole_tokenizer(
            self._model.hf_tokenizer, folder / "tokenizer.json"
        )

    @property
    def name(self) -> str:
        return self._name

    def guess_language(self, sound: Sound) -> GuessedLanguage:
        if not self._model.model.is_multilingual:
            return GuessedLanguage("en", 1.0)
        encoded = self._encode(sound[: WHOLE_WINDOW_SECONDS * RATE_HZ], WHOLE_WINDOW_SECONDS)
        token, probability = self._model.model.detect_language(encoded.output)[0][0]
        return GuessedLanguage(str(token).strip("<|>"), float(probability))

    def hear(self, sound: Sound, language: str) -> HeardText:
        tokenizer = self._tokenizer(language)
        encoded = self._encode(sound)
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        # As many tokens as anybody can say in that time: one clip that repeats itself must not cost a minute.
        most = min(MOST_TOKENS, 16 + round(encoded.seconds * MOST_WORDS_A_SECOND * TOKENS_A_WORD))
        made = self._model.model.generate(
            encoded.output, [prompt], beam_size=1, sampling_temperature=0.0,
            max_length=len(prompt) + most, suppress_blank=True,
        )[0]  # fmt: skip
        tokens = [token for token in made.sequences_ids[0] if token < tokenizer.eot]
        text = tokenizer.decode(tokens).strip()
        if not has_letters(text):
            return HeardText("")
        aligned = self._model.find_alignment(
            tokenizer, [tokens], encoded.output, encoded.frames
        )[0]  # fmt: skip
        return HeardText(text, _with_marks(aligned))

    def hear_long(self, sound: Sound, language: str) -> HeardText:
        segments, _ = self._model.transcribe(
            self._array(sound),
            language=language if self._model.model.is_multilingual else None,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=True,
        )
        words = [
            HeardWord(
                each.word.strip(), float(each.start), float(each.end), float(each.probability)
            )
            for segment in segments
            for each in segment.words or ()
        ]
        return HeardText(" ".join(each.text for each in words), tuple(words))

    def score(self, sound: Sound, texts: Sequence[str], language: str) -> list[Score]:
        if not texts:
            return []
        encoded = self._encode(sound)
        tokenizer = self._tokenizer(language)
        return [self._best(tokenizer, encoded, variants(text, language)) for text in texts]

    def _best(self, tokenizer: Any, encoded: _Encoded, written: Sequence[str]) -> Score:
        """Of one text written in several ways; each word counts as it fits best where the words are the same ones."""
        scores = [self._score_one(tokenizer, encoded, each) for each in written]
        if not scores:
            return Score((), 0.0)
        best = max(scores, key=_fit)
        same = [each for each in scores if len(each.words) == len(best.words)]
        words = tuple(
            max(alternatives, key=lambda each: each.probability)
            for alternatives in zip(*(each.words for each in same), strict=True)
        )
        return Score(words, max(each.mean_log_probability for each in same))

    def _score_one(self, tokenizer: Any, encoded: _Encoded, text: str) -> Score:
        tokens = tokenizer.encode(" " + text)[:MOST_TOKENS]
        result = self._model.model.align(
            encoded.output, tokenizer.sot_sequence, [tokens], encoded.frames
        )[0]  # fmt: skip
        numpy = self._numpy
        probabilities = numpy.maximum(
            numpy.asarray(result.text_token_probs[: len(tokens)], dtype="float64"),
            LEAST_PROBABILITY,
        )
        words, pieces = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
        starts = _jumps(numpy, result.alignments, len(tokens))
        scored: list[HeardWord] = []
        at = 0
        for word, piece in zip(words[:-1], pieces[:-1], strict=True):
            after = at + len(piece)
            if has_letters(word):
                probability = float(probabilities[at:after].mean())
                scored.append(HeardWord(word.strip(), starts[at], starts[after], probability))
            at = after
        return Score(tuple(scored), float(numpy.log(probabilities).mean()))

    def _tokenizer(self, language: str) -> Any:
        module = importlib.import_module("faster_whisper.tokenizer")
        multilingual = self._model.model.is_multilingual
        code = language.split("_")[0].lower() if multilingual else "en"
        try:
            return module.Tokenizer(
                self._model.hf_tokenizer, multilingual, task="transcribe", language=code
            )
        except ValueError as exc:
            raise HearingError(
                f"Whisper knows no language {language!r}.",
                hint="Name it by its code, such as en, de or fr.",
            ) from exc

    def _encode(self, sound: Sound, window_seconds: int | None = None) -> _Encoded:
        """The features of the window the clip fits into, encoded."""
        numpy = self._numpy
        wave = self._array(sound)
        seconds = len(wave) / RATE_HZ
        window = window_seconds or (
            SHORT_WINDOW_SECONDS if seconds <= SHORT_CLIP_SECONDS else WHOLE_WINDOW_SECONDS
        )
        length = window * FRAMES_PER_SECOND
        features = self._model.feature_extractor(wave)[:, :length]
        frames = min(features.shape[-1], length)
        padded = numpy.pad(features, ((0, 0), (0, length - features.shape[-1])))
        return _Encoded(self._model.encode(padded), frames, min(seconds, float(window)))

    def _array(self, sound: Sound) -> Any:
        if isinstance(sound, str | Path):
            raise TypeError("a sound is an array; a path would be read by a decoder of its own")
        return self._numpy.ascontiguousarray(sound, dtype="float32")


@dataclass(frozen=True)
class _Encoded:
    output: Any
    frames: int
    seconds: float


def _fit(score: Score) -> tuple[float, float]:
    least = score.least
    return (least.probability if least else 0.0, score.mean_log_probability)


def _jumps(numpy: Any, alignments: Sequence[tuple[int, int]], tokens: int) -> list[float]:
    """When each token begins, in seconds, and when the text ends."""
    indices = numpy.array([pair[0] for pair in alignments], dtype="int64")
    times = numpy.array([pair[1] for pair in alignments], dtype="float64") * 0.02
    starts = [0.0] * (tokens + 1)
    seen = numpy.concatenate([[True], numpy.diff(indices) > 0]) if len(indices) else []
    for index, time in zip(indices[seen], times[seen], strict=True) if len(indices) else ():
        if 0 <= index <= tokens:
            starts[int(index)] = float(time)
    return starts


def _with_marks(aligned: Iterable[dict[str, Any]]) -> tuple[HeardWord, ...]:
    """Words with the commas and stops that belong to them."""
    words: list[HeardWord] = []
    for each in aligned:
        text = str(each["word"])
        probability = float(each["probability"])
        if has_letters(text) or not words:
            words.append(
                HeardWord(text.strip(), float(each["start"]), float(each["end"]), probability)
            )
        else:
            last = words[-1]
            words[-1] = HeardWord(last.text + text.strip(), last.start, last.end, last.probability)
    return tuple(words)


def _libraries() -> tuple[Any, Any]:
    try:
        numpy = importlib.import_module("numpy")
        return importlib.import_module("faster_whisper"), numpy
    except ImportError as exc:
        raise HearingError(
            f"Recognising speech needs {exc.name}, which is not installed.", hint=INSTALL
        ) from exc
