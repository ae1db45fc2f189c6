"""Where the base checkpoint and the model that settings name lie on the Hub. Imports nothing heavy."""

from __future__ import annotations

from pod_image.contract.phoneme_types import PhonemeType
from pod_image.contract.recipes.piper import PiperSettings
from pod_image.recipes.base import RemoteFile

VOCABULARY_FILE = RemoteFile("google-bert/bert-base-chinese", "vocab.txt")
"""The words that pinyin's model was made for; piper-tts would fetch them at its first sentence."""
_KINDS = {"datasets": "dataset", "models": "model"}


def base_file(settings: PiperSettings) -> RemoteFile:
    """Where the base checkpoint lies."""
    return _named(settings.base_checkpoint)


def model_file(settings: PiperSettings) -> RemoteFile:
    """Where pinyin's model lies."""
    return _named(settings.pinyin_model)


def model_files(settings: PiperSettings) -> tuple[RemoteFile, ...]:
    """What is fetched to read Chinese by pinyin; nothing for other phoneme types."""
    is_pinyin = settings.phoneme_type is PhonemeType.PINYIN
    return (model_file(settings), VOCABULARY_FILE) if is_pinyin else ()


def _named(place: str) -> RemoteFile:
    """`owner/repo/path`, with `datasets/` before it for a dataset repo: most published checkpoints are in one."""
    first, _, rest = place.partition("/")
    kind = _KINDS.get(first)
    owner, repo, *path = (rest if kind else place).split("/")
    return RemoteFile(f"{owner}/{repo}", "/".join(path), kind or "model")


def base_files(settings: PiperSettings) -> tuple[RemoteFile, ...]:
    """What is fetched to start from: nothing, a checkpoint, or a voice with the JSON that describes it."""
    if not settings.base_checkpoint:
        return ()
    file = base_file(settings)
    if not file.path.endswith(".onnx"):
        return (file,)
    return (file, RemoteFile(file.repo, f"{file.path}.json", file.repo_type))
