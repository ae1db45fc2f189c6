"""A hint on its way from a pod: in plain words, as older pods say it, and its steps as values beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pod_image.contract.next_steps import Said, from_wire, on_wire


class SentStep(BaseModel):
    """A next step inside a hint; see `next_steps.from_wire`."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    do: str
    of: str = ""
    value: str = ""


SentSteps = Annotated[tuple[SentStep, ...], Field(max_length=16)] | None
"""None, and not on the wire, where the hint has no steps."""


def sent_steps(hint: Said) -> tuple[SentStep, ...] | None:
    steps = on_wire(hint).get("hint_steps", ())
    return tuple(SentStep.model_validate(each) for each in steps) or None


def heard_hint(hint: str, steps: Iterable[SentStep] | None) -> Said:
    return from_wire(hint, [step.model_dump() for step in steps or ()])
