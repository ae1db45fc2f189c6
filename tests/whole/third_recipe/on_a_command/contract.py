"""Goes to `pod_image/contract/recipes/greeting.py`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pod_image.contract.common_settings import CommonSettings
from pod_image.contract.knobs import Knob
from pod_image.contract.recipes.base import Declaration


class GreetingSettings(CommonSettings):
    greeted: Annotated[
        str,
        Field(description="Who is greeted.", min_length=1, max_length=40),
        Knob("Who", group="What"),
    ] = "world"


DECLARATION = Declaration(settings=GreetingSettings, does="somebody is greeted", order=4)
