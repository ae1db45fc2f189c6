"""What trainings on pictures share: how they become shorter or smaller, and when nothing is left of them."""

from __future__ import annotations

from launcher.domain.plan import DatasetSummary
from launcher.recipes.base import SmallerTry
from launcher.recipes.command.recipe import CommandRecipe
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.picture_settings import TrainingBySteps
from pod_image.contract.settings import RunSettings

SMALLER = (1024, 768, 512)
"""Sizes of pictures that the models were made for, in pixels."""


class PictureTraining(CommandRecipe):
    """A recipe takes over all of this. A configuration of the person's own says itself how long it trains."""

    trains_on_nodes = False

    def how_to_be_shorter(self, settings: RunSettings) -> Said:
        if TrainingBySteps.of(settings).trainer_config:
            return ""
        return Sentence("Lower ", setting("picture_steps"), ".")

    def smaller_try(self, settings: RunSettings) -> SmallerTry | None:
        own = TrainingBySteps.of(settings)
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
        own = TrainingBySteps.of(settings)
        if own.trainer_config or step < own.picture_steps:
            return None
        return Finding(
            Severity.ERROR,
            "nothing_left",
            f"There is nothing left to train: the run is at step {step:,}, and these settings end it at step "
            f"{own.picture_steps:,}.",
            Sentence("Raise ", setting("picture_steps"), "."),
        )
