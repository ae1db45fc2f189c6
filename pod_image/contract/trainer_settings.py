"""Settings that several recipes share: those that run a program which somebody else wrote."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from pod_image.contract.brought import MOST_BYTES, checked_bring
from pod_image.contract.command_environment import WRITTEN as VARIABLE_WRITTEN
from pod_image.contract.command_environment import (
    checked_package,
    checked_secret,
    checked_variable,
)
from pod_image.contract.common_settings import Word
from pod_image.contract.figures import size
from pod_image.contract.hub_inputs import WRITTEN, checked_input, checked_model
from pod_image.contract.knobs import Knob, Scope
from pod_image.contract.secret_names import MOST_COMMAND_SECRETS

LocalName = Annotated[str, StringConstraints(min_length=1, max_length=5_000)]
"""Of a file of this computer; the longest path that Linux takes, and a place behind it."""
KeepCheckpoints = Annotated[
    int,
    Field(
        description="Number of checkpoints to keep. Older ones are deleted, also from the results repo.",
        ge=1,
        le=100,
    ),
    Knob("Checkpoints kept", group="How much", level="advanced", unit="checkpoints"),
]
MaxSteps = Annotated[
    int,
    Field(
        description="Stop after this many steps of this run; 0 disables it.",
        ge=0,
        le=10_000_000,
    ),
    Knob("Max steps", group="How much", unit="steps"),
]
Seed = Annotated[
    int,
    Field(
        description="Random seed. The same seed makes the same random choices.",
        ge=0,
        le=2**31 - 1,
    ),
    Knob("Random seed", group="How much", level="advanced"),
]
MinGpuMemoryGb = Annotated[
    float,
    Field(description="Memory that each GPU must have; 0 allows any.", ge=0, le=1_000),
    Knob("Minimum GPU memory", group="Where", unit="GB", level="advanced"),
]
BaseModelRepo = Annotated[
    str,
    AfterValidator(checked_model),
    Field(
        description=(
            "Model to start from: OWNER/NAME on Hugging Face, or OWNER/NAME@REVISION. The exact commit is "
            "fixed, and the pod downloads it before training. The dataset token must be allowed to read it."
        ),
        max_length=600,
    ),
    Knob(
        "Base model",
        group="What",
        scope=Scope.SUBJECT,
        is_settled=True,
        is_hub_address=True,
        empty_means="none",
        written=WRITTEN,
    ),
]
TrainerConfig = Annotated[
    str,
    Field(
        description=(
            "The trainer's own configuration file, on this computer. Its paths are replaced by those on the "
            "pod; a file with a key in it is refused."
        )
    ),
    Knob(
        "Configuration",
        group="What",
        is_local=True,
        goes_as="configuration",
        empty_means="made from these settings",
    ),
]
Bring = Annotated[
    tuple[Annotated[LocalName, AfterValidator(checked_bring)], ...],
    Field(
        description=(
            "Files and folders on this computer to send with the run, such as a script: PATH, or PATH:DEST, "
            f"where DEST is a path inside the command's folder. At most {size(MOST_BYTES)} in total. They are "
            "stored in the results repo."
        ),
        max_length=64,
    ),
    Knob(
        "Files to send",
        group="What",
        separator="\n",
        is_local=True,
        empty_means="nothing",
        written="Write PATH or PATH:DEST, such as train.py or ~/work/lib:lib.",
    ),
]
Requirements = Annotated[
    str,
    Field(
        description=(
            "A requirements file for pip, on this computer. Its packages are installed like those that you "
            "name one by one."
        ),
        max_length=5_000,
    ),
    Knob(
        "Requirements file",
        group="What",
        level="advanced",
        is_local=True,
        goes_as="requirements",
        empty_means="none",
    ),
]
SecretNames = Annotated[
    tuple[Annotated[str, AfterValidator(checked_secret)], ...],
    Field(
        description=(
            "Names of keys that only the command gets, as variables, such as WANDB_API_KEY. The value comes "
            "from the variable with that name on this computer or from the keyring, or you are asked for it. "
            "It is hidden in everything the run prints."
        ),
        max_length=MOST_COMMAND_SECRETS,
    ),
    Knob(
        "Secrets",
        group="What",
        level="advanced",
        separator=",",
        empty_means="none",
        names_secrets=True,
    ),
]
Inputs = Annotated[
    tuple[Annotated[Word, AfterValidator(checked_input)], ...],
    Field(
        description=(
            "Repos to download before the command starts: OWNER/NAME for a model, datasets/OWNER/NAME for a "
            "dataset; you may add @REVISION and :FOLDER. ${INPUT_0} is the path of the first one. They are "
            "read with the dataset token; the command sees no key."
        ),
        max_length=16,
    ),
    Knob(
        "Inputs",
        group="What",
        level="advanced",
        separator="\n",
        empty_means="only the dataset",
        is_hub_address=True,
        written=WRITTEN,
    ),
]
Variables = Annotated[
    tuple[Annotated[Word, AfterValidator(checked_variable)], ...],
    Field(
        description="Environment variables for the command only, each NAME=VALUE. Do not put keys here.",
        max_length=64,
    ),
    Knob(
        "Variables",
        group="What",
        level="advanced",
        separator="\n",
        empty_means="none",
        is_public=True,
        written=VARIABLE_WRITTEN,
    ),
]
Packages = Annotated[
    tuple[Annotated[Word, AfterValidator(checked_package)], ...],
    Field(
        description=(
            "Packages to install with pip first, into the command's own environment. Packages of the image can "
            "still be imported."
        ),
        max_length=64,
    ),
    Knob(
        "Packages",
        group="What",
        level="advanced",
        separator="\n",
        empty_means="those of the image",
        is_public=True,
    ),
]
