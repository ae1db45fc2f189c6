"""What the demo can train, and with which settings: the one place outside the recipes that names some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from launcher.config import Config
from launcher.demo.base_voice import DemoBase, demo_preset
from launcher.domain.plan import Composed
from launcher.presets import find_preset
from launcher.services.planning.compose import compose


class DemoRecipe(StrEnum):
    PIPER = "piper"
    COMMAND = "command"

    @property
    def packages(self) -> tuple[str, ...]:
        """What has to be installed here, since the pod is a process of this computer."""
        return _PACKAGES[self]

    @property
    def begins_as_a_voice(self) -> bool:
        """Whether its training can start from a published voice."""
        return self is DemoRecipe.PIPER


_PACKAGES = {
    DemoRecipe.PIPER: ("torch", "piper", "onnx", "onnxruntime", "soundfile", "soxr", "numpy"),
    DemoRecipe.COMMAND: (),
}
USUAL = DemoRecipe.PIPER


@dataclass(frozen=True)
class DemoWork:
    """What one run of the demo does. `command`: words for the recipe that runs one."""

    recipe: DemoRecipe
    command: Sequence[str]
    seed: int
    steps: int | None = None
    base: DemoBase | None = None


def demo_settings(work: DemoWork, given: dict[str, Any], config: Config) -> Composed:
    """`given`, which names repos and image, with the settings of this work."""
    if work.recipe is DemoRecipe.COMMAND:
        command = {"recipe": work.recipe.value, "argv": list(work.command)}
        return compose(find_preset(config, "quick-check"), {**given, **command})
    own: dict[str, Any] = {"seed": work.seed, "voice_name": "demo"}
    if work.steps is not None:
        # So many exactly: neither the clock nor the number of epochs may end it earlier.
        own |= {"max_steps": work.steps, "train_minutes": 0, "epochs": 10_000, "max_hours": 12}
    return compose(demo_preset(config, work.base), {**given, **own})
