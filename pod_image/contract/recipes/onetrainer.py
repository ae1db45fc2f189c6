"""The settings of a training by OneTrainer: mostly a person's own exported file; a few settings where there is none."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pod_image.contract.knobs import Knob, When
from pod_image.contract.picture_settings import (
    WITHOUT_A_FILE,
    PictureTraining,
)
from pod_image.contract.recipes.base import Declaration

COMMIT = "23df3832e8f213d64c337e39f9365ba46e99fed0"
"""Of OneTrainer, 2026-08-19: whose settings are known here, and which is installed unless another is named."""


class OneTrainerSettings(PictureTraining):
    # What
    model_type: Annotated[
        str,
        Field(
            description=(
                "Type of the base model, as OneTrainer calls it: STABLE_DIFFUSION_XL_10_BASE, FLUX_DEV_1, "
                "Z_IMAGE, QWEN and others."
            ),
            pattern=r"^[A-Z][A-Z0-9_]{1,60}$",
        ),
        Knob("Model type", group="What", is_settled=True, when=WITHOUT_A_FILE),
    ] = "STABLE_DIFFUSION_XL_10_BASE"
    onetrainer_commit: Annotated[
        str,
        Field(
            description="Commit of OneTrainer to install on the pod.",
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
            description="Folder in the image where OneTrainer is already installed, such as /OneTrainer.",
            pattern=r"^$|^/[\w./-]*$",
            max_length=200,
        ),
        Knob(
            "OneTrainer's folder",
            group="What",
            level="advanced",
            empty_means="installed on the pod",
        ),
    ] = ""

    # How much
    picture_epochs: Annotated[
        int,
        Field(description="How often training goes through the pictures.", ge=1, le=10_000),
        Knob("Epochs", group="How much", unit="epochs", when=WITHOUT_A_FILE),
    ] = 20


DECLARATION = Declaration(
    settings=OneTrainerSettings,
    does="OneTrainer trains on your pictures",
    order=12,
    title="OneTrainer",
    about=(
        "A LoRA, a fine-tune or an embedding of an image model: from the file that you export in OneTrainer, "
        "or with a few settings here."
    ),
    requires=("dataset_repo",),
)
