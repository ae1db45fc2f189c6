"""How often a run keeps what it has: a setting that several recipes share."""

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
