"""The settings of a training by SimpleTuner: by a person's own files, or by a few settings here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pod_image.contract.checkpoint_interval import CheckpointMinutes
from pod_image.contract.common_settings import CommonSettings
from pod_image.contract.knobs import Knob
from pod_image.contract.picture_settings import (
    WITHOUT_A_FILE,
    PictureLearningRate,
    PictureLoraRank,
    PictureSize,
    PicturesPerStep,
    PictureSteps,
    SamplePrompts,
)
from pod_image.contract.recipes.base import Declaration
from pod_image.contract.trainer_settings import (
    BaseModelRepo,
    KeepCheckpoints,
    MinGpuMemoryGb,
    TrainerConfig,
)

VERSION = "4.10.1"
"""Of SimpleTuner, 2026-10-18: whose settings are known here, and which is installed unless another is named."""
CONFIGURED = "config.json"
BACKENDS = "multidatabackend.json"
"""Both are what SimpleTuner reads, below `config/` in the command's folder."""


class SimpleTunerSettings(CommonSettings):
    # What
    trainer_config: TrainerConfig = ""
    base_model: BaseModelRepo = ""
    model_family: Annotated[
        str,
        Field(
            description="Kind of the base model, as SimpleTuner calls it: flux, sdxl, sd3, qwen_image and others.",
            pattern=r"^[a-z][a-z0-9_-]{1,40}$",
        ),
        Knob("Family of models", group="What", is_settled=True, when=WITHOUT_A_FILE),
    ] = "sdxl"
    sample_prompts: SamplePrompts = ()
    simpletuner_version: Annotated[
        str,
        Field(
            description="Version of SimpleTuner that is installed on the pod.",
            pattern=r"^$|^[0-9]+(\.[0-9A-Za-z]+){1,4}$",
            max_length=40,
        ),
        Knob(
            "SimpleTuner's version",
            group="What",
            level="advanced",
            empty_means="what the image has",
        ),
    ] = VERSION

    # How much
    picture_steps: PictureSteps = 2_000
    picture_size: PictureSize = 1024
    pictures_per_step: PicturesPerStep = 1
    picture_lora_rank: PictureLoraRank = 16
    picture_learning_rate: PictureLearningRate = 3e-4
    checkpoint_minutes: CheckpointMinutes = 15.0
    keep_checkpoints: KeepCheckpoints = 2

    # Where
    min_gpu_memory_gb: MinGpuMemoryGb = 0.0


DECLARATION = Declaration(
    settings=SimpleTunerSettings,
    does="SimpleTuner trains on your pictures",
    order=13,
    title="SimpleTuner",
    about="A LoRA or a fine-tune of an image model: with your own config.json, or by a few settings here.",
    requires=("dataset_repo",),
)
