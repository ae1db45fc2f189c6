"""The settings of a command of the person's own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pod_image.contract.common_settings import CommonSettings, Word
from pod_image.contract.knobs import Knob
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


DECLARATION = Declaration(settings=CommandSettings, does="a command of your own runs", order=2)
