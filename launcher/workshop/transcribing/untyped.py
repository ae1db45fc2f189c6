"""Which recordings of a folder have no text yet; whoever typed one keeps it."""

from __future__ import annotations

from pathlib import Path

from pod_image.dataset import FolderSource, survey
from pod_image.dataset.endings import AUDIO_ENDINGS, READABLE_ENDINGS


def untyped_files(folder: Path) -> list[str]:
    """Paths of sound files that no line with a text leads to, in order."""
    source = FolderSource(folder, follows_links=True)
    found = survey(source)
    typed = {each.path for each in found.utterances}
    return [
        entry.path
        for entry in source.entries()
        if entry.path.lower().endswith(AUDIO_ENDINGS) and entry.size > 0 and entry.path not in typed
    ]


def is_readable(path: str) -> bool:
    """Whether it is read as it is; other recordings are made into clips first."""
    return path.lower().endswith(READABLE_ENDINGS)
