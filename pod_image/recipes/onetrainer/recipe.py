"""OneTrainer as the agent sees it: installed where the image has none, then run as the command's program is."""

from __future__ import annotations

from collections.abc import Sequence

from pod_image.contract.interpreter import module_command
from pod_image.contract.outcomes import Phase
from pod_image.contract.progress_choice import ProgressChoice, ProgressWay
from pod_image.contract.recipes.onetrainer import OneTrainerSettings
from pod_image.contract.settings import RunSettings
from pod_image.recipes.base import Recipe, Stage
from pod_image.recipes.command.checkpoints import CheckpointRule
from pod_image.recipes.command.line_rules import LineRule
from pod_image.recipes.command.progress.epoch_bars import BarNames
from pod_image.recipes.command.progress.listening import Curves
from pod_image.recipes.command.recipe import CommandRecipe, Job
from pod_image.recipes.command.spent import SpentRule
from pod_image.recipes.onetrainer import places

_MODULE = "pod_image.recipes.onetrainer"
TURNS_A_BACKUP = 5
"""A backup waits for the next turn to be delivered: a fifth of what lies between two of them at the most."""
UNFINISHED = (".tmp*", "*.tmp", "*.write", ".cache", "__pycache__")
LINES = (
    LineRule(places.CANNOT_START, "onetrainer", is_fatal=True),
    LineRule(
        "Could not set ",
        "setting_left_out",
        "OneTrainer could not read a setting and would train with its default",
        "Correct it in OneTrainer or in the file, and start the run again.",
        is_fatal=True,
    ),
    LineRule("Could not save backup", "no_backup", "A backup was not written"),
    LineRule("Could not save model", "no_model", "A model was not saved"),
    LineRule("Error during sampling", "no_sample", "A sample was not made"),
    LineRule("Error during loading the sample definition", "no_sample", "No samples are made"),
)


class OneTrainerRecipe(CommandRecipe):
    name = "onetrainer"
    less_memory = (
        "Make OneTrainer use less memory (a smaller batch or resolution, gradient checkpointing, "
        "offloading), or rent a GPU with more."
    )

    def job(self, settings: RunSettings) -> Job:
        own = OneTrainerSettings.of(settings)
        home = own.onetrainer_folder or f"${{WORK_DIR}}/{places.HOME}"
        return Job(
            argv=module_command(_MODULE, home, "${WORK_DIR}", "${DATASET_DIR}"),
            outputs=("out/**",),
            required=(places.MODEL,),
            left_out=UNFINISHED,
            checkpoints=CheckpointRule(
                patterns=(places.BACKUPS,),
                whole_with=(places.BACKUP_IS_WHOLE_WITH,),
                keep=own.keep_checkpoints,
                named=places.BACKUP_NAMED,
            ),
            every_minutes=own.checkpoint_minutes / TURNS_A_BACKUP,
            templates=(places.CONFIGURATION,),
            inputs=(own.base_model,),
            samples=(places.SAMPLES,),
            progress=ProgressChoice(ProgressWay.BAR),
            bars=BarNames("epoch", "step"),
            curves=Curves(places.CURVES, ("loss/train_step", "smooth_loss/train_step")),
            spent=SpentRule((places.SAVES,)),
            lines=LINES,
        )

    def stages(self, settings: RunSettings) -> Sequence[Stage]:
        trained = super().stages(settings)
        if OneTrainerSettings.of(settings).onetrainer_folder:
            return trained
        return (Stage(Phase.PREPARE, module_command(f"{_MODULE}.installing")), *trained)


RECIPE: Recipe = OneTrainerRecipe()
