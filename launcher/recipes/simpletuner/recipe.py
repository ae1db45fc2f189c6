"""A training by SimpleTuner: what it takes, what the plan says of its files, and what is shown of its runs."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.domain.plan import DatasetSummary
from launcher.recipes.base import Configuration, PhaseWords, Recipe, Result, Shown, SmallerTry
from launcher.recipes.command.recipe import CommandRecipe
from launcher.recipes.simpletuner.configuration import configuration
from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.outcomes import Phase
from pod_image.contract.recipes.simpletuner import SimpleTunerSettings
from pod_image.contract.settings import RunSettings

SMALLER = (1024, 768, 512)


class SimpleTunerRecipe(CommandRecipe):
    shown = Shown(
        phases={
            Phase.PREPARE: PhaseWords("Install SimpleTuner", "SimpleTuner is installed"),
            Phase.TRAIN: PhaseWords("Train", "SimpleTuner trains"),
        },
        result=Result("LoRA", ("files/out/*.safetensors",)),
        main_loss="train_loss",
        loss_titles={"train_loss": "Loss", "learning_rate": "Learning rate"},
        has_samples=True,
        at_a_stop="SimpleTuner ends at once and saves nothing then: what it saved last is kept.",
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

    def how_to_be_shorter(self, settings: RunSettings) -> Said:
        if SimpleTunerSettings.of(settings).trainer_config:
            return ""
        return Sentence("Lower ", setting("picture_steps"), ".")

    def smaller_try(self, settings: RunSettings) -> SmallerTry | None:
        own = SimpleTunerSettings.of(settings)
        smaller = next((size for size in SMALLER if size < own.picture_size), None)
        if own.trainer_config or smaller is None:
            return None
        return SmallerTry(
            {"picture_size": smaller},
            f"Pictures of {smaller} pixels need less memory.",
            f"Try again at {smaller} pixels",
        )

    def why_nothing_is_left(
        self,
        settings: RunSettings,
        dataset: DatasetSummary | None,
        earlier: RunSettings,
        step: int,
    ) -> Finding | None:
        own = SimpleTunerSettings.of(settings)
        if own.trainer_config or step < own.picture_steps:
            return None
        return Finding(
            Severity.ERROR,
            "nothing_left",
            f"There is nothing left to train: the run is at step {step:,}, and these settings end it at step "
            f"{own.picture_steps:,}.",
            Sentence("Raise ", setting("picture_steps"), "."),
        )


RECIPE: Recipe = SimpleTunerRecipe()
