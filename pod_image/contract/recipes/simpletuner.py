"""The settings of a training by SimpleTuner: by a person's own files, or by a few settings here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pod_image.contract.knobs import Knob
from pod_image.contract.picture_settings import (
    WITHOUT_A_FILE,
    TrainingBySteps,
)
from pod_image.contract.recipes.base import Declaration

VERSION = "4.10.1"
"""Of SimpleTuner, 2026-10-18: whose settings are known here, and which is installed unless another is named."""
CONFIGURED = "config.json"
BACKENDS = "multidatabackend.json"
"""Both are what SimpleTuner reads, below `config/` in the command's folder."""


class SimpleTunerSettings(TrainingBySteps):
    # What
    model_family: Annotated[
        str,
        Field(
            description="Type of the base model, as SimpleTuner calls it: flux, sdxl, sd3, qwen_image and others.",
            pattern=r"^[a-z][a-z0-9_-]{1,40}$",
        ),
        Knob("Model family", group="What", is_settled=True, when=WITHOUT_A_FILE),
    ] = "sdxl"
    simpletuner_version: Annotated[
        str,
        Field(
            description="Version of SimpleTuner to install on the pod.",
            pattern=r"^$|^[0-9]+(\.[0-9A-Za-z]+){1,4}$",
            max_length=40,
        ),
        Knob(
            "SimpleTuner version",
            group="What",
            level="advanced",
            empty_means="what the image has",
        ),
    ] = VERSION


DECLARATION = Declaration(
    settings=SimpleTunerSettings,
    does="SimpleTuner trains on your pictures",
    order=13,
    title="SimpleTuner",
    about="A LoRA or a fine-tune of an image model: from your own config.json, or with a few settings here.",
    requires=("dataset_repo",),
)
