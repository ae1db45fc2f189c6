"""Where the recogniser that settings name lies on the Hub, pinned. Imports nothing heavy."""

from __future__ import annotations

from pod_image.contract.recipes.piper import PiperSettings, WhisperModel
from pod_image.hearing.models import MODEL_FILES, NAMED_MODELS
from pod_image.recipes.base import RemoteFile

RECOGNISER_FOLDER = "whisper"


def recogniser_files(settings: PiperSettings) -> tuple[RemoteFile, ...]:
    """What is fetched to hear clips without a text; nothing where that is off."""
    if settings.transcribe is WhisperModel.OFF:
        return ()
    model = NAMED_MODELS[settings.transcribe.value]
    return tuple(
        RemoteFile(model.repo, name, commit=model.commit, folder=RECOGNISER_FOLDER)
        for name in MODEL_FILES
    )
