"""Whether a model's tokenizer is whole: published ones lack their first merge, and then no text is scored right."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from pod_image.hearing.hearing_error import HearingError

FIRST_MERGE = ("Ġ", "t")
PROBE = " the"
"""One token in every Whisper tokenizer that is whole."""


def whole_tokenizer(tokenizer: Any, file: Path) -> Any:
    """The tokenizer if it is whole, or one repaired in memory; HearingError for one that stays broken."""
    if _is_whole(tokenizer):
        return tokenizer
    repaired = _repaired(file)
    if repaired is None or not _is_whole(repaired):
        raise HearingError(
            f"The tokenizer of this model is incomplete ({file.name} splits a common word).",
            hint="Fetch the model again, or use another copy: texts cannot be scored with it.",
        )
    return repaired


def _is_whole(tokenizer: Any) -> bool:
    return len(tokenizer.encode(PROBE, add_special_tokens=False).ids) == 1


def _repaired(file: Path) -> Any:
    """With the merge put first that is missing; None where the file is no tokenizer of merges."""
    tokenizers = importlib.import_module("tokenizers")
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        merges = document["model"]["merges"]
        as_pair = isinstance(merges[0], list)
        document["model"]["merges"] = [
            list(FIRST_MERGE) if as_pair else " ".join(FIRST_MERGE),
            *merges,
        ]
        return tokenizers.Tokenizer.from_str(json.dumps(document))
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    except Exception:  # the library raises Exception itself for a document it does not take
        return None
