"""The characters that a base voice of the phoneme type `text` knows: what goes on from it numbers them alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pod_image.contract.paths import RunFolder
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.phonemes.symbols import MOST_SYMBOLS, SYMBOL_IDS
from pod_image.recipes.piper.base_file import base_file

MOST_DESCRIPTION_BYTES = 4 << 20


def base_symbols(settings: PiperSettings, folder: RunFolder) -> dict[str, int] | None:
    """Of the JSON beside a base `.onnx`; None for other phoneme types, and where there is nothing to learn.

    Whether they fit the network is checked when it is read.
    """
    if settings.phoneme_type is not PhonemeType.TEXT or not settings.base_checkpoint.endswith(
        ".onnx"
    ):
        return None
    path = folder.base / f"{base_file(settings).path}.json"
    try:
        return _symbols(path)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _symbols(path: Path) -> dict[str, int] | None:
    with path.open("rb") as file:
        document: Any = json.loads(file.read(MOST_DESCRIPTION_BYTES))
    if document.get("phoneme_type") != PhonemeType.TEXT.value:
        return None
    ids = {str(s): int(numbers[0]) for s, numbers in document["phoneme_id_map"].items()}
    is_whole = SYMBOL_IDS.items() <= ids.items() and max(ids.values()) < MOST_SYMBOLS
    return ids if is_whole else None
