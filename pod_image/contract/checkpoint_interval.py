"""How often a run keeps what it has: settings that several recipes share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pod_image.contract.knobs import Knob

CheckpointMinutes = Annotated[
    float,
    Field(
        description="Time between checkpoints. If the machine dies, you lose what came after the last one.",
        ge=0.1,
        le=240,
    ),
    Knob("Checkpoint interval", group="How much", unit="minutes"),
]
StepsBetweenCheckpoints = Annotated[
    int,
    Field(
        description=("Also save a checkpoint after this many steps; 0 saves them only by time."),
        ge=0,
        le=10_000_000,
    ),
    Knob("Steps between checkpoints", group="How much", unit="steps", level="advanced"),
]
EpochsBetweenCheckpoints = Annotated[
    int,
    Field(
        description=("Also save a checkpoint after this many epochs; 0 saves them only by time."),
        ge=0,
        le=10_000,
    ),
    Knob("Epochs between checkpoints", group="How much", unit="epochs", level="advanced"),
]
