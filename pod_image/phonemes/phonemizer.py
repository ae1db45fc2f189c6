"""Text to phoneme ids, by the phonemizers inside piper-tts, so that training and speaking agree.

piper-tts and the espeak-ng in it are GPL; they are called as an installed library.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from pod_image.phonemes.folding import folded
from pod_image.phonemes.phonemes_error import PhonemesError
from pod_image.phonemes.symbols import SYMBOL_IDS, ids_of_sentence


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
        """Whether there is nothing to say."""
        return not any(len(sentence) > 3 for sentence in self.sentences)


class Phonemizer:
    """One language's phonemes as piper-tts makes them when it speaks such a voice, of texts that are folded first."""

    def __init__(self, espeak_voice: str) -> None:
        """Raises PhonemesError for a voice that espeak-ng does not know. ImportError without piper-tts."""
        self.espeak_voice = espeak_voice
        self._voice = _speechless(espeak_voice)
        self("a")

    def changes(self, text: str) -> bool:
        """Whether piper-tts alone, which folds nothing, says something else of this text."""
        plain = folded(text)
        if plain == text:
            return False
        try:
            return bool(self._voice.phonemize(text) != self._voice.phonemize(plain))
        except ValueError:  # of a NUL it says nothing at all
            return True

    def __call__(self, text: str) -> Phonemes:
        try:
            sentences = self._voice.phonemize(folded(text))
        except RuntimeError as exc:
            raise PhonemesError(
                f"espeak-ng has no voice {self.espeak_voice!r}.",
                hint="Set the espeak voice to one that `espeak-ng --voices` lists, such as en-us or de.",
            ) from exc
        unknown = {s for sentence in sentences for s in sentence if s not in SYMBOL_IDS}
        ids = tuple(tuple(ids_of_sentence(sentence)) for sentence in sentences)
        return Phonemes(tuple(map(tuple, sentences)), ids, frozenset(unknown))


def _speechless(espeak_voice: str) -> Any:
    """piper-tts's own voice without a network: the text goes the very way that it takes when the voice speaks."""
    # Here and not above: 0.1 s and a GPL library that only some of what imports this need.
    piper = importlib.import_module("piper")
    config = piper.PiperConfig(
        num_symbols=256,
        num_speakers=1,
        sample_rate=22_050,
        espeak_voice=espeak_voice,
        phoneme_id_map={symbol: [number] for symbol, number in SYMBOL_IDS.items()},
        phoneme_type=piper.PhonemeType.ESPEAK,
    )
    return piper.PiperVoice(session=None, config=config)
