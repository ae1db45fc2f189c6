"""`python -m pod_image.recipes.piper.export_file`: one checkpoint file becomes a voice, on any machine.

The request is one JSON document on standard input, the answer one on standard output. Exit code 2: a fault of what
was given, told as `message` and `hint`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pod_image.contract.next_steps import Sentence, on_wire, setting
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.dataset.languages import espeak_voice_of
from pod_image.recipes.piper.phonemes import kind_said, own_symbols, symbols_said
from pod_image.recipes.piper.quality import SAMPLE_RATE_HZ
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.voice import VoiceIdentity


@dataclass(frozen=True)
class Request:
    """Empty words are filled in from what lies beside the checkpoint, or from the checkpoint itself."""

    checkpoint: Path
    folder: Path
    name: str = ""
    language: str = ""
    espeak_voice: str = ""


def export_file(request: Request) -> Path:
    """Write the voice of `request.checkpoint` into `request.folder`; the path of its .onnx. Raises RecipeError."""
    from pod_image.recipes.piper.base import traits_of
    from pod_image.recipes.piper.export import export_voice, generator_of
    from pod_image.recipes.piper.foreign_voice import read_foreign

    checkpoint = read_foreign(request.checkpoint)
    traits = traits_of(checkpoint)
    beside = description_beside(request.checkpoint)
    language = request.language or _text(beside, "language", "code")
    if not language:
        raise RecipeError(
            f"{request.checkpoint.name} does not say which language it speaks.",
            hint=Sentence(
                "Give it: ",
                setting("language", "en_US"),
                ". It says which phonemes the voice takes.",
            ),
        )
    voice = VoiceIdentity(
        request.name or _name_in(beside) or request.checkpoint.stem.replace("=", "-"),
        language,
        traits.quality,
        traits.sample_rate_hz or SAMPLE_RATE_HZ[traits.quality],
        request.espeak_voice or _text(beside, "espeak", "voice") or espeak_voice_of(language),
        _speakers(beside, traits.speakers),
        *_phonemes_of(beside, checkpoint.hyper_parameters),
    )
    return export_voice(generator_of(checkpoint), voice, request.folder)


def description_beside(checkpoint: Path) -> Mapping[str, Any]:
    """A voice's JSON near the file: in our runs `../voice/*.json`, beside published checkpoints `config.json`."""
    places = [
        *sorted((checkpoint.parent.parent / "voice").glob("*.onnx.json")),
        checkpoint.with_name("config.json"),
    ]
    for place in places:
        try:
            document = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(document, dict):
            return document
    return {}


def _phonemes_of(
    beside: Mapping[str, Any], parameters: Mapping[str, Any]
) -> tuple[PhonemeType, Mapping[str, int] | None]:
    """The kind of its phonemes, and its symbols where they are not simply that kind's: the checkpoint says it, else
    what lies beside it.
    """
    if "phoneme_type" in parameters:
        return kind_said(parameters), symbols_said(parameters) or None
    try:
        kind = PhonemeType(str(beside.get("phoneme_type", PhonemeType.ESPEAK)))
        ids = {str(s): int(numbers[0]) for s, numbers in beside["phoneme_id_map"].items()}
    except (LookupError, TypeError, ValueError, AttributeError):
        return PhonemeType.ESPEAK, None
    return kind, own_symbols(kind, ids)


def _text(document: Mapping[str, Any], group: str, key: str) -> str:
    values = document.get(group)
    value = values.get(key) if isinstance(values, dict) else None
    return value if isinstance(value, str) else ""


def _name_in(document: Mapping[str, Any]) -> str:
    """`dataset` is a voice's name in published files, and its whole file name in ours."""
    value = document.get("dataset")
    words = value.split("-") if isinstance(value, str) else [""]
    return words[1] if len(words) == 3 else words[0]


def _speakers(document: Mapping[str, Any], count: int) -> tuple[str, ...]:
    """Names by id; numbers for those that nothing names."""
    if count == 1:
        return ()
    ids = document.get("speaker_id_map")
    by_id = {number: name for name, number in ids.items()} if isinstance(ids, dict) else {}
    return tuple(str(by_id.get(number, f"speaker-{number}")) for number in range(count))


def main() -> int:
    """Answer the request on standard input; return the exit code."""
    asked = json.load(sys.stdin)
    paths = Path(asked.pop("checkpoint")), Path(asked.pop("folder"))
    try:
        path = export_file(Request(*paths, **asked))
    except RecipeError as exc:
        print(json.dumps({"message": str(exc), **on_wire(exc.hint)}))
        return 2
    print(json.dumps({"path": str(path), "size_bytes": path.stat().st_size}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
