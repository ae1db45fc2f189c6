"""The model that reads Chinese by pinyin: what the agent fetched, laid out where piper-tts looks."""

from __future__ import annotations

from pathlib import Path

from pod_image.contract.paths import RunFolder
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.phonemes import PhonemesError
from pod_image.phonemes.pinyin_model import lay_out, unpack
from pod_image.recipes.piper.base_file import VOCABULARY_FILE, model_file
from pod_image.recipes.piper.recipe_error import RecipeError

_UNPACKED = "pinyin"


def pinyin_model(settings: PiperSettings, folder: RunFolder) -> Path | None:
    """The folder in which piper-tts finds `g2pW`; None for other phoneme types. Raises RecipeError."""
    if settings.phoneme_type is not PhonemeType.PINYIN:
        return None
    beside = folder.prepared / _UNPACKED
    try:
        unpack(folder.base / model_file(settings).path, beside / "files")
        lay_out(beside / "files", beside, folder.base / VOCABULARY_FILE.path)
    except PhonemesError as exc:
        raise RecipeError(exc.message, hint=exc.hint) from exc
    return beside
