"""Text to phoneme ids, by the phonemizers inside piper-tts, so that training and speaking agree.

piper-tts and the espeak-ng in it are GPL; they are called as an installed library.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pod_image.contract.phoneme_types import PhonemeType
from pod_image.phonemes.extras import check_packages, not_installed
from pod_image.phonemes.folding import folded
from pod_image.phonemes.phonemes_error import PhonemesError
from pod_image.phonemes.pinyin_model import check_model
from pod_image.phonemes.symbols import MOST_SYMBOLS, ids_of_sentence, symbols_of
from pod_image.phonemes.turns import ESPEAK

_FIRST_WORDS = {
    PhonemeType.HEBREW: "א",
    PhonemeType.JAPANESE: "あ",
    PhonemeType.THAI: "กา",
    PhonemeType.PINYIN: "一",
}


@dataclass(frozen=True)
class Phonemes:
    """A text as the network takes it: for each sentence its symbols and its ids; and the symbols that have no id."""

    symbols: tuple[tuple[str, ...], ...]
    sentences: tuple[tuple[int, ...], ...]
    unknown: frozenset[str]

    @property
    def ids(self) -> list[int]:
        """All sentences one after another, each from BOS to EOS, as Piper voices are trained."""
        return [i for sentence in self.sentences for i in sentence]

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing to say: blanks and marks alone are no sounds."""
        known = (s for sentence in self.symbols for s in sentence if s not in self.unknown)
        return not any(map(str.isalnum, known))


class Phonemizer:
    """One language's phonemes as piper-tts makes them when it speaks such a voice, of texts that are folded first."""

    def __init__(
        self,
        espeak_voice: str,
        kind: PhonemeType = PhonemeType.ESPEAK,
        *,
        symbols: Mapping[str, int] | None = None,
        model_beside: Path | None = None,
    ) -> None:
        """`symbols` are the kind's own without any. `model_beside` is the folder with pinyin's model in it.

        Raises PhonemesError for a voice that espeak-ng does not know, and where a package or a model is not here.
        ImportError without piper-tts.
        """
        check_packages(kind)
        if kind is PhonemeType.PINYIN:
            check_model(model_beside)
        self.espeak_voice, self.kind = espeak_voice, kind
        self._symbols = symbols_of(kind) if symbols is None else symbols
        self._voice = _speechless(espeak_voice, kind, self._symbols, model_beside)
        self(_FIRST_WORDS.get(kind, "a"))

    def changes(self, text: str) -> bool:
        """Whether piper-tts alone, which folds nothing, says something else of this text."""
        plain = self._folded(text)
        if plain == text:
            return False
        try:
            with ESPEAK:
                return bool(self._voice.phonemize(text) != self._voice.phonemize(plain))
        except ValueError:  # of a NUL it says nothing at all
            return True

    def __call__(self, text: str) -> Phonemes:
        try:
            with ESPEAK:
                sentences = self._voice.phonemize(self._folded(text))
        except ImportError as exc:
            if not self.kind.packages:
                raise
            raise not_installed(self.kind, [str(exc.name)]) from exc
        except RuntimeError as exc:
            raise PhonemesError(
                f"espeak-ng has no voice {self.espeak_voice!r}.",
                hint="Set the espeak voice to one that `espeak-ng --voices` lists, such as en-us or de.",
            ) from exc
        unknown = {s for sentence in sentences for s in sentence if s not in self._symbols}
        ids = tuple(tuple(self._ids(sentence)) for sentence in sentences)
        return Phonemes(tuple(map(tuple, sentences)), ids, frozenset(unknown))

    def _folded(self, text: str) -> str:
        return folded(text, has_blocks=self.kind is PhonemeType.ESPEAK)

    def _ids(self, sentence: Sequence[str]) -> Sequence[int]:
        if not self.kind.has_own_symbols:
            return ids_of_sentence(sentence, self._symbols)
        # Its rule of padding is its own as well: after a syllable, not after each symbol.
        known = [symbol for symbol in sentence if symbol in self._symbols]
        ids: list[int] = self._voice.phonemes_to_ids(known)
        return ids


def _speechless(
    espeak_voice: str, kind: PhonemeType, symbols: Mapping[str, int], model_beside: Path | None
) -> Any:
    """piper-tts's own voice without a network: the text goes the very way that it takes when the voice speaks."""
    # Here and not above: 0.1 s and a GPL library that only some of what imports this need.
    piper = importlib.import_module("piper")
    config = piper.PiperConfig(
        num_symbols=MOST_SYMBOLS,
        num_speakers=1,
        sample_rate=22_050,
        espeak_voice=espeak_voice,
        phoneme_id_map={symbol: [number] for symbol, number in symbols.items()},
        phoneme_type=piper.PhonemeType(kind.value),
    )
    return piper.PiperVoice(session=None, config=config, download_dir=model_beside or Path())
