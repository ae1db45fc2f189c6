"""What the agent needs to know of a voice that learns from another. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pod_image.contract.interpreter import module_command
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.distil import DistilSettings
from pod_image.contract.recipes.piper import WhisperModel
from pod_image.contract.settings import RunSettings
from pod_image.hearing.models import MODEL_FILES, NAMED_MODELS
from pod_image.recipes.base import CardSection, Recipe, RemoteFile, Stage
from pod_image.recipes.command.inputs import wanted_repos
from pod_image.recipes.distil.card import with_teacher
from pod_image.recipes.distil.shards import FOLDER, PATTERN
from pod_image.recipes.distil.teacher_file import teacher_files
from pod_image.recipes.piper.recipe import PiperRecipe
from pod_image.recipes.piper.recogniser_files import RECOGNISER_FOLDER

_MODULE = "pod_image.recipes.distil"


class DistilRecipe(PiperRecipe):
    """Clips are made first; from there on it is the training of a Piper voice, its results, checkpoints and all."""

    name = "distil"
    folders: tuple[str, ...] = (FOLDER, *PiperRecipe.folders)
    versions_of: tuple[str, ...] = (*PiperRecipe.versions_of, "faster-whisper")

    def stages(self, settings: RunSettings) -> Sequence[Stage]:
        """Piper's, but for the clips, and for a training that goes on from clips alone."""
        own = {Phase.PREPARE: "prepare", Phase.TRAIN: "train"}
        return tuple(
            replace(stage, argv=module_command(_MODULE, own[stage.phase]))
            if stage.phase in own
            else stage
            for stage in super().stages(settings)
        )

    def needs(self, settings: RunSettings) -> Sequence[RemoteFile]:
        own = DistilSettings.of(settings)
        return (
            *teacher_files(own),
            *_ears(own),
            *super().needs(settings),
            *wanted_repos(own.input),
        )

    def restores(self, settings: RunSettings, delivered: Sequence[str]) -> Sequence[str]:
        """The clips that an earlier pod made: nothing of them is spoken or heard again."""
        return [below for below in delivered if Path(below).match(f"{FOLDER}/{PATTERN}")]

    def results(self, folder: RunFolder, settings: RunSettings) -> Sequence[Path]:
        """What the training makes matters most once there is any; until then there are clips alone."""
        made = sorted(path for path in (folder.out / FOLDER).glob("*") if path.is_file())
        whole = [path for path in made if not path.name.startswith(".")]
        return [*super().results(folder, settings), *whole]

    def card(self, folder: RunFolder, settings: RunSettings) -> CardSection:
        return with_teacher(super().card(folder, settings), folder, DistilSettings.of(settings))


def _ears(settings: DistilSettings) -> tuple[RemoteFile, ...]:
    if settings.heard_by is WhisperModel.OFF:
        return ()
    model = NAMED_MODELS[settings.heard_by.value]
    return tuple(
        RemoteFile(model.repo, name, commit=model.commit, folder=RECOGNISER_FOLDER)
        for name in MODEL_FILES
    )


RECIPE: Recipe = DistilRecipe()
