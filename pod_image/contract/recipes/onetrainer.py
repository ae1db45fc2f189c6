"""The settings of a training by OneTrainer: mostly a person's own exported file; a few settings where there is none."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pod_image.contract.checkpoint_interval import CheckpointMinutes
from pod_image.contract.common_settings import CommonSettings, Word
from pod_image.contract.knobs import Knob, Scope, When
from pod_image.contract.recipes.base import Declaration
from pod_image.contract.trainer_settings import (
    BaseModelRepo,
    KeepCheckpoints,
    MinGpuMemoryGb,
    TrainerConfig,
)

COMMIT = "23df3832e8f213d64c337e39f9365ba46e99fed0"
"""Of OneTrainer, 2026-08-19: whose settings are known here, and which is installed unless another is named."""
WITHOUT_A_FILE = (When("trainer_config", ("",)),)
"""With a file of the person's own it says all of this."""


class OneTrainerSettings(CommonSettings):
    # What
    trainer_config: TrainerConfig = ""
    base_model: BaseModelRepo = ""
    model_type: Annotated[
        str,
        Field(
            description=(
                "Kind of the base model, as OneTrainer calls it: STABLE_DIFFUSION_XL_10_BASE, FLUX_DEV_1, Z_IMAGE, "
                "QWEN and others."
            ),
            pattern=r"^[A-Z][A-Z0-9_]{1,60}$",
        ),
        Knob("Kind of model", group="What", is_settled=True, when=WITHOUT_A_FILE),
    ] = "STABLE_DIFFUSION_XL_10_BASE"
    sample_prompts: Annotated[
        tuple[Word, ...],
        Field(
            description="A picture is made of each of these prompts while it trains.",
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
    ] = ()
    onetrainer_commit: Annotated[
        str,
        Field(
            description="Commit of OneTrainer's source that is installed on the pod.",
            pattern=r"^[0-9a-f]{40}$",
        ),
        Knob(
            "OneTrainer's commit",
            group="What",
            level="advanced",
            when=(When("onetrainer_folder", ("",)),),
        ),
    ] = COMMIT
    onetrainer_folder: Annotated[
        str,
        Field(
            description="Folder of the image that has OneTrainer installed, such as /OneTrainer.",
            pattern=r"^$|^/[\w./-]*$",
            max_length=200,
        ),
        Knob(
            "OneTrainer's folder",
            group="What",
            level="advanced",
            empty_means="it is installed on the pod",
        ),
    ] = ""

    # How much
    picture_epochs: Annotated[
        int,
        Field(description="How often the training goes over the pictures.", ge=1, le=10_000),
        Knob("Epochs over the pictures", group="How much", unit="epochs", when=WITHOUT_A_FILE),
    ] = 20
    picture_size: Annotated[
        int,
        Field(
            description="Side of the pictures that it trains on; others are scaled to as many pixels.",
            ge=256,
            le=4096,
        ),
        Knob("Picture size", group="How much", unit="pixels", when=WITHOUT_A_FILE),
    ] = 1024
    pictures_per_step: Annotated[
        int,
        Field(
            description="Pictures per step. More are faster and need more GPU memory.", ge=1, le=256
        ),
        Knob("Pictures per step", group="How much", unit="pictures", when=WITHOUT_A_FILE),
    ] = 1
    picture_lora_rank: Annotated[
        int,
        Field(description="Size of what the LoRA may learn.", ge=1, le=1024),
        Knob("LoRA rank", group="How much", level="advanced", when=WITHOUT_A_FILE),
    ] = 16
    picture_learning_rate: Annotated[
        float,
        Field(description="Step width of the LoRA's optimiser.", gt=0, le=1),
        Knob("Learning rate of the LoRA", group="How much", level="advanced", when=WITHOUT_A_FILE),
    ] = 3e-4
    checkpoint_minutes: CheckpointMinutes = 15.0
    keep_checkpoints: KeepCheckpoints = 2

    # Where
    min_gpu_memory_gb: MinGpuMemoryGb = 0.0


DECLARATION = Declaration(
    settings=OneTrainerSettings,
    does="OneTrainer trains on your pictures",
    order=12,
    title="OneTrainer",
    about=(
        "A LoRA, a fine-tune or an embedding of an image model: with the file that you export in OneTrainer, or by "
        "a few settings here."
    ),
    requires=("dataset_repo",),
)
