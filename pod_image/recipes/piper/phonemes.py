"""Text to phoneme ids, by the phonemizer inside piper-tts, so that training and speaking agree.

piper-tts and the espeak-ng in it are GPL; they are called as an installed library.
"""

from __future__ import annotations

from dataclasses import dataclass

from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.symbols import SYMBOL_IDS, ids_of_sentence


@dataclass(frozen=True)
class Phonemes:
    """A text as the network takes it: one list of ids for each sentence, and the symbols that have no id."""

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
    """espeak-ng's reading of one language. Raises RecipeError for a voice that espeak-ng does not know."""

    def __init__(self, espeak_voice: str) -> None:
        # Here and not above: 0.1 s and a GPL library that only two of the three stages need.
        from piper.phonemize_espeak import EspeakPhonemizer

        self.espeak_voice = espeak_voice
        self._espeak = EspeakPhonemizer()
        self("a")

    def __call__(self, text: str) -> Phonemes:
        try:
            sentences = self._espeak.phonemize(self.espeak_voice, text)
        except RuntimeError as exc:
            raise RecipeError(
                f"espeak-ng has no voice {self.espeak_voice!r}.",
                hint="Set the espeak voice to one that `espeak-ng --voices` lists, such as en-us or de.",
            ) from exc
        unknown = {s for sentence in sentences for s in sentence if s not in SYMBOL_IDS}
        ids = tuple(tuple(ids_of_sentence(sentence)) for sentence in sentences)
        return Phonemes(ids, frozenset(unknown))
