"""What a plan asks of a training by OneTrainer. Its speed and memory are the model's and the file's: nobody knows them
before, so the plan shows the caps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from launcher.recipes.base import Configuration, PhaseWords, Recipe, Result, Shown
from launcher.recipes.command.recipe import CommandRecipe
from launcher.recipes.found import Found
from launcher.recipes.onetrainer.known import choices
from launcher.recipes.onetrainer.making import made
from launcher.recipes.onetrainer.placing import CONFIGURATION, Placer
from launcher.recipes.onetrainer.reading import Given, read
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.outcomes import Phase
from pod_image.contract.recipes.onetrainer import COMMIT, OneTrainerSettings
from pod_image.contract.settings import RunSettings


class OneTrainerRecipe(CommandRecipe):
    trains_on_nodes = False
    shown = Shown(
        phases={
            Phase.PREPARE: PhaseWords("Install OneTrainer", "OneTrainer is installed"),
            Phase.TRAIN: PhaseWords("Train", "OneTrainer trains"),
        },
        result=Result("model", ("files/out/model/**",)),
        main_loss="smooth loss",
        loss_titles={"loss": "Loss", "smooth loss": "Loss, smoothed"},
        has_samples=True,
        at_a_stop="OneTrainer is asked to end now: it writes a backup and the model, and both are delivered.",
    )

    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        own = OneTrainerSettings.of(settings)
        what = "your own configuration" if own.trainer_config else f"a LoRA for {own.model_type}"
        base = f", from {own.base_model}" if own.base_model else ""
        return f"OneTrainer: {what}{base}{', continued' if resume else ''}"

    def configuration(self, settings: RunSettings, given: Mapping[str, bytes]) -> Configuration:
        own, found = OneTrainerSettings.of(settings), Found()
        source = self._given(own, given, found)
        if source is None:
            return Configuration({}, tuple(found.findings))
        placer = Placer(source, own, found)
        content = json.dumps(placer.placed(), indent=1).encode() + b"\n"
        return Configuration({CONFIGURATION: content, **placer.taken}, tuple(found.findings))

    def _given(
        self, own: OneTrainerSettings, given: Mapping[str, bytes], found: Found
    ) -> Given | None:
        if given:
            is_ours = own.onetrainer_commit == COMMIT and not own.onetrainer_folder
            return read(given, found, is_our_commit=is_ours)
        known = choices("ModelType")
        if own.model_type not in known:
            found.error(
                "model_type",
                f"OneTrainer knows no model type called {own.model_type}.",
                Sentence("Kinds for ", setting("model_type"), f" are {', '.join(known)}."),
            )
        return made(own)


RECIPE: Recipe = OneTrainerRecipe()
