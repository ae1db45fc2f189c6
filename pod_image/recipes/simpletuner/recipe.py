"""SimpleTuner as the agent sees it: installed with the image's Python, started as `simpletuner train`.

Facts are of its package 4.10.1. It goes on by itself from the checkpoint with the highest number, whole or not: only
whole ones are kept and brought back. It starts its training in a session of its own, which is ended with it.
"""

from __future__ import annotations

from pod_image.contract.brought import CONFIGURATION
from pod_image.contract.progress_choice import ProgressChoice, ProgressWay
from pod_image.contract.recipes.simpletuner import BACKENDS, CONFIGURED, SimpleTunerSettings
from pod_image.contract.settings import RunSettings
from pod_image.recipes.base import Recipe
from pod_image.recipes.command.checkpoints import CheckpointRule
from pod_image.recipes.command.recipe import CommandRecipe, Job

PYTHONS = ((3, 12), (3, 15))
"""From the first on, and no longer from the second: on an older one pip takes an old SimpleTuner without a word."""
METRICS = "training_metrics.jsonl"
HOME = "${WORK_DIR}/.home"
"""The image's own belongs to root: what the trainer fetches by itself goes here."""


class SimpleTunerRecipe(CommandRecipe):
    name = "simpletuner"
    less_memory = (
        "Train on smaller pictures, quantize the base model, or rent a GPU with more memory."
    )

    def job(self, settings: RunSettings) -> Job:
        own = SimpleTunerSettings.of(settings)
        version = own.simpletuner_version
        return Job(
            argv=("simpletuner", "train"),
            packages=(f"simpletuner[cuda]=={version}",) if version else (),
            pythons=PYTHONS,
            outputs=("out/**",),
            required=("out/*.safetensors",),
            left_out=(".tmp*", "*.tmp", "*-tmp", "*-rolling"),
            checkpoints=CheckpointRule(
                ("out/checkpoint-*[0-9]",), (".guard",), own.keep_checkpoints
            ),
            restore=(f"out/{METRICS}", "out/training_metrics.json", "out/validation_media.jsonl"),
            every_minutes=own.checkpoint_minutes,
            variables={
                "CONFIG_BACKEND": "json",
                "CONFIG_PATH": f"${{WORK_DIR}}/{CONFIGURATION}/{CONFIGURED.removesuffix('.json')}",
                "HOME": HOME,
                "HF_HOME": f"{HOME}/huggingface",
            },
            templates=(f"{CONFIGURATION}/{CONFIGURED}", f"{CONFIGURATION}/{BACKENDS}"),
            inputs=(own.base_model,),
            samples=("out/validation_images/*",),
            progress=ProgressChoice(ProgressWay.AUTO, f"out/{METRICS}"),
            writes_into_dataset=True,
        )


RECIPE: Recipe = SimpleTunerRecipe()
