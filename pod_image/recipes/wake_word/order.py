"""What the program is told by the recipe: one variable, since the run's own document is not for commands."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

VARIABLE = "WAKE_WORD"
VOICES_FOLDER = "voices"
"""Below the folder where fetched files lie."""


class Order(BaseModel):
    """`voices` are paths of `.onnx` files below VOICES_FOLDER. The counts say whose the inputs are, in this order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phrases: tuple[str, ...]
    near_misses: tuple[str, ...] = ()
    name: str
    voices: tuple[str, ...]
    clips: int
    steps: int
    layer_size: int
    false_alarm_weight: float
    has_recordings: bool = False
    backgrounds: int = 0
    room_responses: int = 0
    negative_features: int = 0
