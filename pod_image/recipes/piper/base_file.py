"""Where the base checkpoint that a setting names lies on the Hub. Imports nothing heavy."""

from __future__ import annotations

from pod_image.contract.recipes.piper import PiperSettings
from pod_image.recipes.base import RemoteFile

_KINDS = {"datasets": "dataset", "models": "model"}


def base_file(settings: PiperSettings) -> RemoteFile:
    """`owner/repo/path`, with `datasets/` before it for a dataset repo: most published checkpoints are in one."""
    first, _, rest = settings.base_checkpoint.partition("/")
    kind = _KINDS.get(first)
    owner, repo, *path = (rest if kind else settings.base_checkpoint).split("/")
    return RemoteFile(f"{owner}/{repo}", "/".join(path), kind or "model")


def base_files(settings: PiperSettings) -> tuple[RemoteFile, ...]:
    """What is fetched to start from: nothing, a checkpoint, or a voice with the JSON that describes it."""
    if not settings.base_checkpoint:
        return ()
    file = base_file(settings)
    if not file.path.endswith(".onnx"):
        return (file,)
    return (file, RemoteFile(file.repo, f"{file.path}.json", file.repo_type))
