"""Where a Piper voice that teaches lies on the Hub, and on the pod. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path

from pod_image.contract.hub_inputs import hub_input
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.distil import DistilSettings
from pod_image.recipes.base import RemoteFile

TEACHER_FOLDER = "teacher"
"""Below `RunFolder.base`."""


def teacher_files(settings: DistilSettings) -> tuple[RemoteFile, ...]:
    """The voice and the JSON beside it, at the commit that the plan pinned; nothing where a command speaks."""
    if not settings.teacher_repo:
        return ()
    repo = hub_input(settings.teacher_repo)
    return tuple(
        RemoteFile(repo.repo, path, commit=repo.revision, folder=TEACHER_FOLDER)
        for path in (settings.teacher_file, f"{settings.teacher_file}.json")
    )


def teacher_path(settings: DistilSettings, folder: RunFolder) -> Path:
    return folder.base / TEACHER_FOLDER / settings.teacher_file
