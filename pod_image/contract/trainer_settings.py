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
        description="Checkpoints that are kept; older ones go, also from the results repo.",
        ge=1,
        le=100,
    ),
    Knob("Checkpoints kept", group="How much", level="advanced", unit="checkpoints"),
]
MaxSteps = Annotated[
    int,
    Field(
        description="End after so many steps of this run; 0 leaves it to the epochs.",
        ge=0,
        le=10_000_000,
    ),
    Knob("Max steps", group="How much", unit="steps"),
]
Seed = Annotated[
    int,
    Field(
        description="Start of every random draw; the same seed repeats a run.",
        ge=0,
        le=2**31 - 1,
    ),
    Knob("Seed", group="How much", level="advanced"),
]
MinGpuMemoryGb = Annotated[
    float,
    Field(description="Memory that each GPU has to have; 0 takes any.", ge=0, le=1_000),
    Knob("Least GPU memory", group="Where", unit="GB", level="advanced"),
]
BaseModelRepo = Annotated[
    str,
    AfterValidator(checked_model),
    Field(
        description=(
            "Model that the training starts from: OWNER/NAME on Hugging Face, or OWNER/NAME@REVISION. It is pinned to "
            "a commit and fetched before the training; the dataset token has to be allowed to read it."
        ),
        max_length=600,
    ),
    Knob(
        "Base model",
        group="What",
        scope=Scope.SUBJECT,
        is_settled=True,
        is_hub_address=True,
        empty_means="none is fetched",
        written=WRITTEN,
    ),
]
TrainerConfig = Annotated[
    str,
    Field(
        description=(
            "The trainer's own file of settings, on this computer. Paths in it are replaced by those on the pod; a key "
            "in it is refused."
        )
    ),
    Knob(
        "Configuration",
        group="What",
        is_local=True,
        goes_as="configuration",
        empty_means="made from the settings here",
    ),
]
Bring = Annotated[
    tuple[Annotated[LocalName, AfterValidator(checked_bring)], ...],
    Field(
        description=(
            "Files and folders of this computer that go along, such as a script: PATH, or PATH:DEST where DEST is "
            f"its place below the command's folder. At most {size(MOST_BYTES)} in all; the results repo keeps them."
        ),
        max_length=64,
    ),
    Knob(
        "Brought along",
        group="What",
        separator="\n",
        is_local=True,
        empty_means="nothing",
        written="It is written PATH or PATH:DEST, such as train.py or ~/work/lib:lib.",
    ),
]
Requirements = Annotated[
    str,
    Field(
        description=(
            "A file of this computer in which packages stand as pip reads them; they are installed as those that are "
            "named one by one."
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
            "Names of keys that the command alone gets, as variables, such as WANDB_API_KEY. A value is that of the "
            "variable of the name on this computer, or the keyring's, or asked for. It is hidden in all that the run "
            "puts out."
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
            "Repos that are fetched for the command before it starts: OWNER/NAME is a model, datasets/OWNER/NAME "
            "a dataset; @REVISION and :FOLDER may follow. ${INPUT_0} is where the first one is. The dataset token "
            "reads them; the command sees no key."
        ),
        max_length=16,
    ),
    Knob(
        "Inputs",
        group="What",
        level="advanced",
        separator="\n",
        empty_means="nothing but the dataset",
        is_hub_address=True,
        written=WRITTEN,
    ),
]
Variables = Annotated[
    tuple[Annotated[Word, AfterValidator(checked_variable)], ...],
    Field(
        description="Variables of the command's process alone, each NAME=VALUE; no key.",
        max_length=64,
    ),
    Knob(
        "Variables",
        group="What",
        level="advanced",
        separator="\n",
        empty_means="none of your own",
        is_public=True,
        written=VARIABLE_WRITTEN,
    ),
]
Packages = Annotated[
    tuple[Annotated[Word, AfterValidator(checked_package)], ...],
    Field(
        description=(
            "Packages that pip installs first, into an environment of the command's own; what the image has can "
            "be imported all the same."
        ),
        max_length=64,
    ),
    Knob(
        "Packages",
        group="What",
        level="advanced",
        separator="\n",
        empty_means="what the image has",
        is_public=True,
    ),
]
