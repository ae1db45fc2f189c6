"""ai-toolkit as the agent sees it: `run.py` with one file of settings, and the files that it leaves.

Facts are of ai-toolkit 0.12.26, commit 27a03a91 (MIT). It goes on by itself from the newest of its files, by the time
of their change, and with the optimiser's state that lies beside.
"""

from __future__ import annotations

from pod_image.contract.brought import CONFIGURATION
from pod_image.contract.progress_choice import ProgressChoice, ProgressWay
from pod_image.contract.recipes.image_lora import CONFIGURED, ImageLoraSettings
from pod_image.contract.settings import RunSettings
from pod_image.recipes.base import Recipe
from pod_image.recipes.command.checkpoints import CheckpointRule
from pod_image.recipes.command.line_rules import LineRule
from pod_image.recipes.command.recipe import CommandRecipe, Job

_STEP = "[0-9]" * 9
LOSSES = "loss_log.db"
"""Open while it trains, with two files beside it: read for the curves, and never delivered."""
HOME = "${WORK_DIR}/.home"
"""The image's own belongs to root: models that the trainer fetches by itself, and compiled kernels, go here."""
LINES = (
    LineRule(
        "# OOM during training step",
        "batches_left_out",
        "The GPU had no memory for a batch, and the trainer skipped it",
        "Three in a row end the training: train on smaller pictures, or rent a GPU with more memory.",
        in_all="The trainer skipped batches that the GPU had no memory for:",
    ),
    LineRule(
        "Could not save optimizer",
        "state_not_saved",
        "The trainer could not save its optimiser's state: this checkpoint cannot be continued from",
        "Check whether the disk is full.",
    ),
    LineRule(
        "Failed to load optimizer state from",
        "state_not_read",
        "Training would have continued without its optimiser's state",
        "Continue with the settings that the run started with, or start a new run.",
        is_fatal=True,
    ),
    LineRule(
        "Pretrained lora path from config does not exist",
        "start_not_there",
        "The LoRA that the training should start from is missing",
        "Put it into the folder of the configuration, and name it there.",
        is_fatal=True,
    ),
)


class ImageLoraRecipe(CommandRecipe):
    name = "image-lora"
    less_memory = "Train on smaller pictures, quantize the model, or rent a GPU with more memory."

    def job(self, settings: RunSettings) -> Job:
        own = ImageLoraSettings.of(settings)
        return Job(
            argv=("python", "run.py", f"${{WORK_DIR}}/{CONFIGURATION}/{CONFIGURED}"),
            workdir=own.toolkit_folder,
            outputs=("out/**",),
            left_out=(".tmp*", ".thumbs", f"{LOSSES}*"),
            checkpoints=CheckpointRule(
                (f"out/*/*_{_STEP}.safetensors", "out/*/optimizer.pt"),
                keep=own.keep_checkpoints,
                in_order=True,
                final=("out/*/*.safetensors",),
            ),
            every_minutes=own.checkpoint_minutes,
            variables={"HOME": HOME, "HF_HOME": f"{HOME}/huggingface"},
            templates=(f"{CONFIGURATION}/{CONFIGURED}",),
            inputs=(own.base_model,),
            samples=("out/*/samples/*",),
            progress=ProgressChoice(ProgressWay.AUTO, f"out/*/{LOSSES}"),
            lines=LINES,
            writes_into_dataset=True,
        )


RECIPE: Recipe = ImageLoraRecipe()
