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
            description="The command and its arguments, one per line. It runs without a shell.",
            max_length=256,
        ),
        Knob("Command", group="What", required=True, separator="\n", is_command=True),
    ] = ()
    shell: Annotated[
        Switch,
        Field(
            description=(
                "Run the command with sh -c, its words joined by spaces. Needed for pipes, variables and "
                "several commands in one."
            )
        ),
        Knob("Run in a shell", group="What", level="advanced"),
    ] = Switch.OFF
    input: Inputs = ()
    workdir: Annotated[
        str,
        AfterValidator(checked_folder),
        Field(
            description="Folder to start the command in, inside the command's own folder.",
            max_length=200,
        ),
        Knob("Working folder", group="What", level="advanced", empty_means="its own folder"),
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
                "Files in the command's folder in which ${DATASET_DIR}, ${INPUT_0}, ${OUT_DIR}, ${WORK_DIR} "
                "and ${RESUME_DIR} are filled in before it starts. In the command itself they always are."
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
            description="Which files of the command are results: patterns of paths inside its folder.",
            max_length=64,
        ),
        Knob("Outputs", group="What", separator="\n", empty_means="none of its files"),
    ] = ("out/**",)
    required_outputs: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Patterns that at least one file each must match when the command has ended; otherwise the run "
                "counts as failed. Some programs report success without a result."
            ),
            max_length=64,
        ),
        Knob(
            "Required outputs",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="only the exit code decides",
        ),
    ] = ()
    sample_outputs: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Which outputs to show by step while it runs, such as out/samples/**: pictures, sounds, videos "
                "and texts."
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
            description="File names that are never results, in any folder, such as those of unfinished files.",
            max_length=64,
        ),
        Knob(
            "Ignored files",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="no file is ignored",
        ),
    ] = (".tmp*", "*.tmp", "*-tmp", ".cache", "__pycache__")
    checkpoint: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "What another pod needs to continue: patterns of files or folders in the command's folder, "
                "such as out/checkpoint-*. The newest match is kept and delivered, and a resumed run gets it "
                "back."
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
                "Files that a finished checkpoint folder contains, such as trainer_state.json. Without them, a "
                "checkpoint counts as finished when nothing was written to it for ten seconds."
            ),
            max_length=16,
        ),
        Knob(
            "Files of a finished checkpoint",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="after ten seconds without a change",
        ),
    ] = ()
    restore: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Outputs that a resumed run needs in addition to its checkpoint; patterns of paths inside the "
                "command's folder."
            ),
            max_length=16,
        ),
        Knob(
            "Restored for a resume",
            group="What",
            level="advanced",
            separator="\n",
            empty_means="only the checkpoint",
        ),
    ] = ()
    resume_argv: Annotated[
        tuple[Word, ...],
        Field(
            description=(
                "Arguments added to the command when it resumes; ${RESUME_DIR} is its checkpoint. "
                "LAUNCHER_RESUMED and LAUNCHER_RESUME_DIR are then set too."
            ),
            max_length=32,
        ),
        Knob(
            "Arguments for a resume",
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
                "Where to read the command's progress from. auto finds out by itself; the others are none, json (lines "
                'such as {"step": 10, "loss": 0.5}), bar, trainer, file:PATTERN and regex:EXPRESSION.'
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
    about="Any program, in our image or another one. Its output files are delivered.",
)
