"""The Whisper models that have a name here: where each lies, at which commit, and what its weights' checksum is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pod_image.hearing.hearing_error import HearingError

WEIGHTS = "model.bin"
MODEL_PATTERNS = (
    "config.json",
    "preprocessor_config.json",
    WEIGHTS,
    "tokenizer.json",
    "vocabulary.*",
)
MODEL_FILES = (WEIGHTS, "*.json", "vocabulary.*")
"""Patterns of each of which every model has a file."""
DEFAULT_MODEL = "base"


@dataclass(frozen=True)
class NamedModel:
    """`megabytes` is what is fetched; `weights_sha256` is of `model.bin`."""

    name: str
    repo: str
    commit: str
    weights_sha256: str
    megabytes: int


NAMED_MODELS = {
    each.name: each
    for each in (
        NamedModel(
            "tiny", "Systran/faster-whisper-tiny", "d90ca5fe260221311c53c58e660288d3deb8d356",
            "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1", 78,
        ),
        NamedModel(
            "base", "Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9", 148,
        ),
        NamedModel(
            "small", "Systran/faster-whisper-small", "536b0662742c02347bc0e980a01041f333bce120",
            "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671", 486,
        ),
        NamedModel(
            "medium", "Systran/faster-whisper-medium", "08e178d48790749d25932bbc082711ddcfdfbc4f",
            "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae", 1_531,
        ),
        NamedModel(
            "large-v3", "Systran/faster-whisper-large-v3", "edaa852ec7e145841d8ffdb056a99866b5f0a478",
            "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1", 3_091,
        ),
        NamedModel(
            "turbo", "dropbox-dash/faster-whisper-large-v3-turbo", "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
            "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da", 1_622,
        ),
    )
}  # fmt: skip


def named_model(name: str) -> NamedModel:
    """The model of this name. HearingError with the names there are."""
    if name in NAMED_MODELS:
        return NAMED_MODELS[name]
    raise HearingError(
        f"There is no Whisper model {name!r}, and no folder of this name.",
        hint=f"Choose one of {', '.join(NAMED_MODELS)}, or give a folder that holds a model.",
    )


def check_weights(folder: Path, model: NamedModel) -> None:
    """HearingError where the weights are not the very ones that were tried and pinned."""
    with (folder / WEIGHTS).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != model.weights_sha256:
        raise HearingError(
            f"{WEIGHTS} of {model.repo} is not the one that {model.name} stands for: its checksum differs.",
            hint="Give the folder of a model that you trust instead of its name.",
        )
