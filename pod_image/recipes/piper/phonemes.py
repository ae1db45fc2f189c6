"""The phonemizer of a run's settings; what it cannot do is this recipe's error."""

from __future__ import annotations

from pod_image.phonemes import PhonemesError
from pod_image.phonemes.phonemizer import Phonemizer
from pod_image.recipes.piper.recipe_error import RecipeError


def phonemizer(espeak_voice: str) -> Phonemizer:
    """Raises RecipeError for a voice that espeak-ng does not know."""
    try:
        return Phonemizer(espeak_voice)
    except PhonemesError as exc:
        raise RecipeError(exc.message, hint=exc.hint) from exc
