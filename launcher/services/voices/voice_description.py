"""What the `.json` beside a voice says, as far as programs that speak with it ask for it. Read as data alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.errors import InvalidRequest
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.contract.plain import plain_line

MOST_DESCRIPTION_BYTES = 4 << 20
_NEEDED = ("_", "^", "$")
"""Symbols without which nothing can be said: padding, beginning, end."""
_NAME = re.compile(
    r"(?P<language>[a-z]{2,3}_[A-Z]{2,3})-(?P<name>.+)-(?P<quality>x_low|low|medium|high)"
)
"""How voice lists and Home Assistant expect a voice to be called."""


@dataclass(frozen=True)
class DescribedVoice:
    """`stem` is the file's name without `.onnx`. `speakers` are names by their numbers; one has none."""

    stem: str
    language: str
    english_name: str
    espeak_voice: str
    sample_rate_hz: int
    speaker_count: int
    speakers: Mapping[str, int]
    phoneme_type: str
    tokens: Mapping[str, int]
    """Symbols with their ids."""

    @property
    def is_read_by_espeak(self) -> bool:
        return self.phoneme_type == PhonemeType.ESPEAK


def description_of(onnx: Path) -> dict[str, Any]:
    """The document beside the voice. Raises InvalidRequest."""
    try:
        with onnx.with_name(f"{onnx.name}.json").open("rb") as file:
            document = json.loads(file.read(MOST_DESCRIPTION_BYTES))
    except (OSError, ValueError, RecursionError) as exc:
        raise _unusable(onnx) from exc
    if not isinstance(document, dict):
        raise _unusable(onnx)
    return document


def described_voice(onnx: Path) -> DescribedVoice:
    """Of the voice at that path. Raises InvalidRequest where its description lacks what every program needs."""
    document = description_of(onnx)
    named = _NAME.fullmatch(onnx.stem)
    try:
        espeak = plain_line(str((document.get("espeak") or {}).get("voice") or ""))
        language = document.get("language") or {}
        code = str(language.get("code") or (named["language"] if named else "") or espeak)
        facts = DescribedVoice(
            stem=onnx.stem,
            language=plain_line(code),
            english_name=plain_line(str(language.get("name_english") or code)),
            espeak_voice=espeak,
            sample_rate_hz=int(document["audio"]["sample_rate"]),
            speaker_count=max(1, int(document.get("num_speakers") or 1)),
            speakers={
                plain_line(str(name)): int(number)
                for name, number in (document.get("speaker_id_map") or {}).items()
            },
            phoneme_type=str(document.get("phoneme_type") or PhonemeType.ESPEAK.value),
            tokens={str(symbol): int(ids[0]) for symbol, ids in document["phoneme_id_map"].items()},
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as exc:
        raise _unusable(onnx) from exc
    if any(symbol not in facts.tokens for symbol in _NEEDED):
        raise _unusable(onnx)
    return facts


def quality_in(stem: str) -> str:
    """Such as "medium", where the name says it as voice lists do; else empty."""
    named = _NAME.fullmatch(stem)
    return named["quality"] if named else ""


def _unusable(onnx: Path) -> InvalidRequest:
    return InvalidRequest(
        f"{onnx.name} has no usable .json file next to it.",
        hint="Use the .json that belongs to the voice, from the same source.",
    )
