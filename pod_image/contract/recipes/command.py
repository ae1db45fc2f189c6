"""The settings of a command of the person's own."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from pod_image.contract.checkpoint_interval import CheckpointMinutes
from pod_image.contract.command_environment import (
    checked_folder,
)
from pod_image.contract.common_settings import CommonSettings, Switch, Word
from pod_image.contract.knobs import Knob
from pod_image.contract.progress_choice import WRITTEN, checked_progress
from pod_image.contract.recipes.base import Declaration
from pod_image.contract.trainer_settings import (
    Bring,
    Inputs,
    KeepCheckpoints,
    MinGpuMemoryGb,
    Packages,
    Requirements,
    SecretNames,
    Variables,
)


class CommandSettings(CommonSettings):
    # What
    argv: Annotated[
        tuple[Word, ...],
        Field(
            description="The command and its arguments, one item each; no shell in between.",
            max_length=256,
        ),
        Knob("Command", group="What", required=True, separator="\n", is_command=True),
    ] = ()
    shell: Annotated[
        Switch,
        Field(
            description=(
                "Hand the command to sh -c, its words joined by spaces: for pipes, variables and several commands in "
                "one."
            )
        ),
        Knob("In a shell", group="What", level="advanced"),
    ] = Switch.OFF
    input: Inputs = ()
    workdir: Annotated[
        str,
        AfterValidator(checked_folder),
        Field(description="Folder that the command starts in, below its own.", max_length=200),
        Knob("Starts in", group="What", level="advanced", empty_means="its own folder"),
    ] = ""
    env: Variables = ()
    secret: SecretNames = ()
    pip: Packages = ()
    requirements: Requirements = ""
    bring: Bring = ()
    templates: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Files below the command's folder in which ${DATASET_DIR}, ${INPUT_0}, ${OUT_DIR}, ${WORK_DIR} and "
                "${RESUME_DIR} are filled in before it starts; in its words they always are."
            ),
            max_length=32,
        ),
        Knob(
            "Templates",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="no file is changed",
        ),
    ] = ()
    outputs: Annotated[
        tuple[Word, ...],
        Field(
            description="Which files of the command are its results: patterns below its folder.",
            max_length=64,
        ),
        Knob("Outputs", group="What", separator="\n", empty_means="none of its files"),
    ] = ("out/**",)
    required_outputs: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Patterns that a file has to fit when the command has ended, or the run counts as failed: some "
                "programs end well without their result."
            ),
            max_length=64,
        ),
        Knob(
            "Outputs that have to be there",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="the exit code alone decides",
        ),
    ] = ()
    sample_outputs: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Which outputs are shown by step while it runs, such as out/samples/**: pictures, sounds, videos and "
                "texts."
            ),
            max_length=16,
        ),
        Knob(
            "Samples",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="all pictures, sounds and videos",
        ),
    ] = ()
    leave_out: Annotated[
        tuple[Word, ...],
        Field(
            description="Names that are no results wherever they lie, such as those of files that are not whole yet.",
            max_length=64,
        ),
        Knob(
            "Left out",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="nothing is left out",
        ),
    ] = (".tmp*", "*.tmp", "*-tmp", ".cache", "__pycache__")
    checkpoint: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "What another pod needs to go on: patterns of files or folders below the command's folder, such as "
                "out/checkpoint-*. The newest that fits is kept, delivered, and brought back by a resume."
            ),
            max_length=16,
        ),
        Knob(
            "Checkpoints",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="the command has none",
        ),
    ] = ()
    whole_with: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Files that a folder of a checkpoint holds once it is whole, such as trainer_state.json; without "
                "any, a checkpoint is whole when nobody has written to it for ten seconds."
            ),
            max_length=16,
        ),
        Knob(
            "A checkpoint is whole with",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="by time",
        ),
    ] = ()
    restore: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Outputs that a resumed run wants back where they were, beside its checkpoint; patterns below the "
                "command's folder."
            ),
            max_length=16,
        ),
        Knob(
            "Brought back",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="the checkpoint alone",
        ),
    ] = ()
    resume_argv: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Words that follow the command when it goes on, where ${RESUME_DIR} is its checkpoint; "
                "LAUNCHER_RESUMED and LAUNCHER_RESUME_DIR are set then too."
            ),
            max_length=32,
        ),
        Knob(
            "Words for a resume",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="none",
            is_public=True,
        ),
    ] = ()
    progress: Annotated[
        Word,
        AfterValidator(checked_progress),
        Field(
            description=(
                "Where the command's progress is read: auto finds out by itself; none, json (lines such as "
                '{"step": 10, "loss": 0.5}), bar, trainer, file:PATTERN or regex:EXPRESSION.'
            )
        ),
        Knob("Progress from", group="What", level="advanced", written=WRITTEN),
    ] = "auto"

    # How much
    checkpoint_minutes: CheckpointMinutes = 15.0
    keep_checkpoints: KeepCheckpoints = 2

    # Where
    min_gpu_memory_gb: MinGpuMemoryGb = 0.0


DECLARATION = Declaration(
    settings=CommandSettings,
    does="a command of your own runs",
    order=2,
    title="A command of your own",
    about="Any program, in our image or in another; what it writes is kept and delivered.",
)
