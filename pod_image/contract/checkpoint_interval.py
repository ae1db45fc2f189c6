"""How often a run keeps what it has: settings that several recipes share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pod_image.contract.knobs import Knob

CheckpointMinutes = Annotated[
    float,
    Field(
        description="Time between checkpoints: what can be lost when the machine dies.",
        ge=0.1,
        le=240,
    ),
    Knob("Checkpoint interval", group="How much", unit="minutes"),
]
StepsBetweenCheckpoints = Annotated[
    int,
    Field(
        description=(
            "A checkpoint after every so many steps too, beside the one by time; 0 leaves it to the time."
        ),
        ge=0,
        le=10_000_000,
    ),
    Knob("Steps between checkpoints", group="How much", unit="steps", level="advanced"),
]
EpochsBetweenCheckpoints = Annotated[
    int,
    Field(
        description=(
            "A checkpoint after every so many epochs too, beside the one by time; 0 leaves it to the time."
        ),
        ge=0,
        le=10_000,
    ),
    Knob("Epochs between checkpoints", group="How much", unit="epochs", level="advanced"),
]
