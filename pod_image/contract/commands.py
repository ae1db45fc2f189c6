"""What goes into a pod: commands, each with an id that its receipt repeats."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class CommandName(StrEnum):
    STOP = "stop"
    SAVE = "save"
    SAMPLE = "sample"
    ABORT = "abort"


class Command(BaseModel):
    """`text` is what to say, for `sample` alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")
    command: CommandName
    text: str = Field(default="", max_length=500)
