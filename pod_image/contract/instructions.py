"""What goes into a pod: instructions, each with an id that its receipt repeats."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class InstructionName(StrEnum):
    STOP = "stop"
    SAVE = "save"
    SAMPLE = "sample"
    ABORT = "abort"
    COPY = "copy"


class Instruction(BaseModel):
    """`text` is what to say, for `sample`, or a path below the run's work folder, for `copy`. `speaker` is who says it:
    a name, or a place counted from 0. Empty is the first; an image from before this field has the first say it,
    whoever was asked for.

    `nonce` is that of the attempt it is meant for; another attempt of the same run refuses it. Empty: it does not
    say, as launchers before this field did; then where and when it was left decides.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    id: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")
    command: InstructionName
    text: str = Field(default="", max_length=500)
    speaker: str = Field(default="", max_length=200)
    nonce: str = Field(default="", pattern=r"^[a-z0-9]{0,32}$")
