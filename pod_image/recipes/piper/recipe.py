"""What the agent needs to know of the Piper recipe. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pod_image.contract.interpreter import module_command
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.recipes.piper import PiperSettings, checkpoint_room
from pod_image.contract.settings import RunSettings
from pod_image.recipes.base import CardSection, Recipe, RemoteFile, Stage
from pod_image.recipes.piper.base_file import base_files, model_files
from pod_image.recipes.piper.card import card_section
from pod_image.recipes.piper.prepared import LOSSES_NAME, SCORES_NAME, TRANSCRIPTS_NAME
from pod_image.recipes.piper.recogniser_files import recogniser_files

_MODULE = "pod_image.recipes.piper"


class PiperRecipe:
    """A Piper voice: prepare the clips, train, export."""

    name = "piper"
    folders: tuple[str, ...] = ("heard", "voice", "checkpoints", "samples", "tensorboard")
    versions_of: tuple[str, ...] = ("torch", "piper-tts", "onnx", "onnxruntime")
    less_memory = "Choose a smaller batch size, or a GPU with more memory."

    def stages(self, settings: RunSettings) -> Sequence[Stage]:
        """Export runs after a failed training too: whatever was learnt becomes a voice."""
        return (
            Stage(Phase.PREPARE, _argv("prepare")),
            Stage(Phase.TRAIN, _argv("train"), takes_instructions=True),
            Stage(Phase.EXPORT, _argv("export"), is_needed_after_failure=True),
        )

    def needs(self, settings: RunSettings) -> Sequence[RemoteFile]:
        """The base checkpoint, pinyin's model and the recogniser, where there is one."""
        own = PiperSettings.of(settings)
        return (*base_files(own), *model_files(own), *recogniser_files(own))

    def carries(self, settings: RunSettings) -> Sequence[str]:
        """The losses and scores so far, so that curves begin where the run began."""
        return (f"tensorboard/{LOSSES_NAME}", f"checkpoints/{SCORES_NAME}")

    def restores(self, settings: RunSettings, delivered: Sequence[str]) -> Sequence[str]:
        """Nothing: all is in the checkpoint."""
        return ()

    def results(self, folder: RunFolder, settings: RunSettings) -> Sequence[Path]:
        """Texts that were heard, the voice, then the newest checkpoint, samples, and older ones with their voices."""
        newest_first = sorted(_whole(folder.checkpoints), reverse=True)
        newest = [p for p in newest_first if p.suffix == ".ckpt"][:1]
        newest += [p for p in newest_first if p.name == SCORES_NAME]
        older = [path for path in newest_first if path not in newest]
        heard = folder.out / TRANSCRIPTS_NAME
        return [
            *([heard] if heard.is_file() else []),
            *_whole(folder.voice),
            *newest,
            *_whole(folder.samples),
            *_whole(folder.tensorboard),
            *older,
        ]

    def still_to_come(self, folder: RunFolder, settings: RunSettings) -> int:
        """A last checkpoint and the voice: as large as those on disk, or as such a voice's are."""
        room = checkpoint_room(PiperSettings.of(settings).quality)
        checkpoint = _newest_bytes(folder.checkpoints, "*.ckpt") or room.whole_bytes
        return checkpoint + (_newest_bytes(folder.voice, "*.onnx") or room.voice_bytes)

    def left_behind(self, folder: RunFolder, settings: RunSettings) -> Mapping[Path, str]:
        """Nothing: checkpoints and voices are written where they are delivered from."""
        return {}

    def card(self, folder: RunFolder, settings: RunSettings) -> CardSection:
        """Who the voice is, what it was trained on, how to hear and use it."""
        return card_section(folder, PiperSettings.of(settings))


def _argv(stage: str) -> tuple[str, ...]:
    return module_command(_MODULE, stage)


def _newest_bytes(folder: Path, pattern: str) -> int:
    """Size of the newest such file; 0 where there is none."""
    found = [path for path in _whole(folder) if path.match(pattern)]
    with suppress(OSError):  # pruned meanwhile
        return max(found).stat().st_size if found else 0
    return 0


def _whole(folder: Path) -> list[Path]:
    """Files below `folder`; those being written begin with a dot."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if not path.name.startswith("."))


RECIPE: Recipe = PiperRecipe()
