"""A training by SimpleTuner: what it takes, what the plan says of its files, and what is shown of its runs."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.recipes.base import Configuration, PhaseWords, Recipe, Result, Shown
from launcher.recipes.picture_training import PictureTraining
from launcher.recipes.simpletuner.configuration import configuration
from pod_image.contract.figures import counted
from pod_image.contract.outcomes import Phase
from pod_image.contract.recipes.simpletuner import SimpleTunerSettings
from pod_image.contract.settings import RunSettings


class SimpleTunerRecipe(PictureTraining):
    shown = Shown(
        phases={
            Phase.PREPARE: PhaseWords("Install SimpleTuner", "SimpleTuner is installed"),
            Phase.TRAIN: PhaseWords("Train", "SimpleTuner trains"),
        },
        result=Result("LoRA", ("files/out/*.safetensors",)),
        main_loss="train_loss",
        loss_titles={"train_loss": "Loss", "learning_rate": "Learning rate"},
        has_samples=True,
        at_a_stop="SimpleTuner ends at once without saving: its last save is kept.",
    )

    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        own = SimpleTunerSettings.of(settings)
        go_on = ", continued" if resume else ""
        if own.trainer_config:
            return f"SimpleTuner with {own.trainer_config}{go_on}"
        return (
            f"SimpleTuner: LoRA of {own.base_model or own.model_family}, rank {own.picture_lora_rank}, "
            f"{counted(own.picture_steps, 'step')} at {own.picture_size} pixels{go_on}"
        )

    def configuration(self, settings: RunSettings, given: Mapping[str, bytes]) -> Configuration:
        return configuration(SimpleTunerSettings.of(settings), given)


RECIPE: Recipe = SimpleTunerRecipe()
