"""The settings of a LoRA for pictures, trained by ai-toolkit: by a person's own file, or by a few settings here."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from pod_image.contract.knobs import Knob, Scope
from pod_image.contract.picture_settings import (
    WITHOUT_A_FILE,
    TrainingBySteps,
)
from pod_image.contract.recipes.base import Declaration

CONFIGURED = "job.yaml"
"""What ai-toolkit reads, below `config/` in the command's folder."""
_ITS_OWN_FILES = ("samples", "optimizer.pt", "config.yaml", "loss_log.db", "learnable_snr.json")


class ModelKind(StrEnum):
    """As ai-toolkit names them: kinds that it reads from a folder with all parts of a model."""

    FLUX = "flux"
    FLEX1 = "flex1"
    Z_IMAGE = "zimage"
    QWEN_IMAGE = "qwen_image"
    SDXL = "sdxl"
    SD15 = "sd15"


def checked_lora_name(text: str) -> str:
    """For a setting: a name that ai-toolkit finds its own files by. Raises ValueError.

    It goes on from the newest file of its folder that begins with the name.
    """
    taken = next((each for each in _ITS_OWN_FILES if each.startswith(text)), None)
    if taken is not None:
        raise ValueError(
            f"the trainer's own file {taken} starts with that name; choose another one"
        )
    return text


class ImageLoraSettings(TrainingBySteps):
    # What
    model_kind: Annotated[
        ModelKind,
        Field(description="Type of the base model, as ai-toolkit calls it."),
        Knob("Model type", group="What", is_settled=True, when=WITHOUT_A_FILE),
    ] = ModelKind.FLEX1
    lora_name: Annotated[
        str,
        AfterValidator(checked_lora_name),
        Field(
            description="Name of the LoRA's file and folder.",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$",
        ),
        Knob("Name of the LoRA", group="What", is_settled=True, when=WITHOUT_A_FILE),
    ] = "lora"
    trigger_word: Annotated[
        str,
        Field(
            description=(
                "A made-up word that makes the model use what it learned. It is added to every caption without "
                "it."
            ),
            max_length=60,
        ),
        Knob(
            "Trigger word",
            group="What",
            scope=Scope.SUBJECT,
            empty_means="captions are not changed",
            when=WITHOUT_A_FILE,
        ),
    ] = ""
    toolkit_folder: Annotated[
        str,
        Field(
            description="Folder of ai-toolkit in the image.",
            pattern=r"^/[\w./-]+$",
            max_length=200,
        ),
        Knob("ai-toolkit's folder", group="What", level="advanced"),
    ] = "/app/ai-toolkit"


DECLARATION = Declaration(
    settings=ImageLoraSettings,
    does="a LoRA learns from your pictures",
    order=11,
    title="A LoRA for pictures",
    about=(
        "A subject or a style for FLUX, SDXL, Qwen-Image and others, trained by ai-toolkit on ten to fifty pictures."
    ),
    requires=("dataset_repo",),
)
