"""The settings of a command of the person's own."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from pod_image.contract.common_settings import CommonSettings, Word
from pod_image.contract.knobs import Knob
from pod_image.contract.progress_choice import WRITTEN, checked_progress
from pod_image.contract.recipes.base import Declaration


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
    outputs: Annotated[
        tuple[Word, ...],
        Field(
            description="Which files of the command are its results: patterns below its folder.",
            max_length=64,
        ),
        Knob("Outputs", group="What", separator="\n", empty_means="none of its files"),
    ] = ("out/**",)
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


DECLARATION = Declaration(settings=CommandSettings, does="a command of your own runs", order=2)
