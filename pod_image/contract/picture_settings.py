"""Settings that several recipes share: those that train on pictures, where no file of the person's own says them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pod_image.contract.checkpoint_interval import CheckpointMinutes
from pod_image.contract.common_settings import CommonSettings, Word
from pod_image.contract.knobs import Knob, Scope, When
from pod_image.contract.trainer_settings import (
    BaseModelRepo,
    KeepCheckpoints,
    MinGpuMemoryGb,
    TrainerConfig,
)

WITHOUT_A_FILE = (When("trainer_config", ("",)),)
"""With a file of the person's own it says all of this."""

SamplePrompts = Annotated[
    tuple[Word, ...],
    Field(
        description="Prompts for sample pictures, made while it trains.",
        max_length=16,
    ),
    Knob(
        "Sample prompts",
        group="What",
        scope=Scope.SUBJECT,
        separator="\n",
        empty_means="no pictures",
        when=WITHOUT_A_FILE,
    ),
]
PictureSteps = Annotated[
    int,
    Field(
        description="Number of training steps; each uses one batch of pictures.", ge=1, le=1_000_000
    ),
    Knob("Steps", group="How much", unit="steps", when=WITHOUT_A_FILE),
]
PictureSize = Annotated[
    int,
    Field(
        description="Side length of the training pictures; others are scaled to the same number of pixels.",
        ge=256,
        le=4096,
    ),
    Knob("Picture size", group="How much", unit="pixels", when=WITHOUT_A_FILE),
]
PicturesPerStep = Annotated[
    int,
    Field(description="Pictures per step. More is faster and needs more GPU memory.", ge=1, le=256),
    Knob("Pictures per step", group="How much", unit="pictures", when=WITHOUT_A_FILE),
]
PictureLoraRank = Annotated[
    int,
    Field(
        description="Rank of the LoRA. A higher rank can learn more and makes a larger file.",
        ge=1,
        le=1024,
    ),
    Knob("LoRA rank", group="How much", level="advanced", when=WITHOUT_A_FILE),
]
PictureLearningRate = Annotated[
    float,
    Field(description="Learning rate of the LoRA.", gt=0, le=1),
    Knob("Learning rate", group="How much", level="advanced", when=WITHOUT_A_FILE),
]


class PictureTraining(CommonSettings):
    """What every training on pictures is told; a recipe adds what its own trainer wants to know."""

    # What
    trainer_config: TrainerConfig = ""
    base_model: BaseModelRepo = ""
    sample_prompts: SamplePrompts = ()

    # How much
    picture_size: PictureSize = 1024
    pictures_per_step: PicturesPerStep = 1
    picture_lora_rank: PictureLoraRank = 16
    picture_learning_rate: PictureLearningRate = 3e-4
    checkpoint_minutes: CheckpointMinutes = 15.0
    keep_checkpoints: KeepCheckpoints = 2

    # Where
    min_gpu_memory_gb: MinGpuMemoryGb = 0.0


class TrainingBySteps(PictureTraining):
    """One that ends after so many steps."""

    # How much
    picture_steps: PictureSteps = 2_000
