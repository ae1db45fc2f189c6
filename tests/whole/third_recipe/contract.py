"""Goes to `pod_image/contract/recipes/counting.py`: what both sides know of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pod_image.contract.common_settings import CommonSettings
from pod_image.contract.knobs import Knob
from pod_image.contract.recipes.base import Declaration


class CountingSettings(CommonSettings):
    rounds: Annotated[
        int,
        Field(description="How often the files of the dataset are counted.", ge=1, le=1000),
        Knob("Rounds", group="How much", unit="rounds"),
    ] = 3


DECLARATION = Declaration(
    settings=CountingSettings, does="files are counted", order=3, requires=("dataset_repo",)
)
