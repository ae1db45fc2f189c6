"""A LoRA for pictures by ai-toolkit: what it takes, what the plan says of its file, and what is shown of its runs."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.domain.needs import GpuMemory
from launcher.domain.plan import DatasetSummary
from launcher.recipes.base import (
    Configuration,
    PhaseWords,
    Recipe,
    Result,
    Shown,
)
from launcher.recipes.image_lora.configuration import configuration
from launcher.recipes.image_lora.kinds import KINDS
from launcher.recipes.picture_training import PictureTraining
from pod_image.contract.figures import counted
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.outcomes import Phase
from pod_image.contract.recipes.image_lora import ImageLoraSettings
from pod_image.contract.settings import RunSettings


class ImageLoraRecipe(PictureTraining):
    shown = Shown(
        phases={Phase.TRAIN: PhaseWords("Train the LoRA", "the LoRA is trained")},
        result=Result("LoRA", ("files/out/*/*.safetensors",)),
        main_loss="loss/loss",
        loss_titles={"loss/loss": "Loss", "learning_rate": "Learning rate"},
        has_samples=True,
        at_a_stop="ai-toolkit ends at once without saving: its last save is kept.",
    )

    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        own = ImageLoraSettings.of(settings)
        go_on = ", continued" if resume else ""
        if own.trainer_config:
            return f"ai-toolkit with {own.trainer_config}{go_on}"
        return (
            f"LoRA {own.lora_name} of {own.base_model or own.model_kind.value}, rank {own.picture_lora_rank}, "
            f"{counted(own.picture_steps, 'step')} at {own.picture_size} pixels{go_on}"
        )

    def memory_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> GpuMemory:
        own = ImageLoraSettings.of(settings)
        example_gb = KINDS[own.model_kind].example_gb
        if own.min_gpu_memory_gb or own.trainer_config or not example_gb:
            return super().memory_needed(settings, dataset)
        return GpuMemory(
            example_gb,
            "as ai-toolkit's own example for this kind of model",
            Sentence(
                "Set ", setting("min_gpu_memory_gb"), " to an amount that you know is enough."
            ),
        )

    def configuration(self, settings: RunSettings, given: Mapping[str, bytes]) -> Configuration:
        return configuration(ImageLoraSettings.of(settings), given)


RECIPE: Recipe = ImageLoraRecipe()
