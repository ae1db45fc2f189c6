"""Whether a base voice was fed the phonemes that this run feeds: told by its JSON, before anything is rented."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.phoneme_types import PhonemeType
from pod_image.hub import Hub, Repo, list_files, read_bytes
from pod_image.phonemes.symbols import SYMBOL_IDS

_CHOOSE_ANOTHER = "Choose a base voice of this phoneme type, or leave it out."


def phoneme_findings(hub: Hub, repo: Repo, path: str, kind: PhonemeType) -> tuple[Finding, ...]:
    """An error where the base's numbers mean other sounds. Raises HubError."""
    described = _described(hub, repo, path)
    if described is None:
        return _unknown(path) if kind.has_own_symbols else ()
    theirs = _kind_of(described)
    if theirs is None or theirs.has_own_symbols != kind.has_own_symbols:
        named = described.get("phoneme_type")
        return (
            _error(
                f"The base voice {path} was trained on phonemes of the type {named}, this run's "
                f"are of {kind.value}: the same "
                "numbers mean other sounds.",
            ),
        )
    return _on_numbers(path, described) if not kind.has_own_symbols else ()


def _on_numbers(path: str, described: Mapping[str, Any]) -> tuple[Finding, ...]:
    other = [
        symbol for symbol, number in _numbers(described) if SYMBOL_IDS.get(symbol, number) != number
    ]
    if not other:
        return ()
    listed = " ".join(sorted(other)[:5])
    return (
        _error(
            f"The base voice {path} numbers {len(other)} symbols differently from Piper: {listed}."
        ),
    )


def _numbers(described: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    ids = described.get("phoneme_id_map")
    for symbol, numbers in ids.items() if isinstance(ids, dict) else ():
        if isinstance(numbers, list) and numbers and isinstance(numbers[0], int):
            yield symbol, numbers[0]


def _kind_of(described: Mapping[str, Any]) -> PhonemeType | None:
    try:
        return PhonemeType(described.get("phoneme_type", PhonemeType.ESPEAK))
    except ValueError:
        return None


def _described(hub: Hub, repo: Repo, path: str) -> Mapping[str, Any] | None:
    """The voice's JSON: beside an `.onnx`, as `config.json` beside a published checkpoint, in `voice/` of a run's."""
    at = PurePosixPath(path)
    places = [f"{path}.json"] if at.suffix == ".onnx" else [str(at.with_name("config.json"))]
    if at.parent.name == "checkpoints":
        voices = list_files(hub, repo, "main", str(at.parent.with_name("voice")))
        places += sorted(file.path for file in voices if file.path.endswith(".onnx.json"))
    for place in places:
        try:
            document = json.loads(read_bytes(hub, repo, place) or b"")
        except ValueError:
            continue
        if isinstance(document, dict):
            return document
    return None


def _unknown(path: str) -> tuple[Finding, ...]:
    return (
        Finding(
            Severity.WARNING,
            "base_phonemes",
            f"No file next to the base voice {path} says which phonemes it was trained on; pinyin "
            f"uses different numbers.",
            "Make sure that it is a voice of the phoneme type pinyin.",
        ),
    )


def _error(message: str) -> Finding:
    hint = Sentence(_CHOOSE_ANOTHER, " The setting is ", setting("base_checkpoint"), ".")
    return Finding(Severity.ERROR, "base_phonemes", message, hint)
