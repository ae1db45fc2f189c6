"""What a recipe's process says, read once: a body that a recipe may say, with numbers that can be reckoned with."""

from __future__ import annotations

import math
from typing import Any

from pydantic import ValidationError

from pod_image.contract.bodies import BODIES, Body
from pod_image.contract.events import document_in

_OF_THE_AGENT = ("cost_usd", "ends_at", "cost_at_end_usd")
"""A recipe's word on money is not asked for."""


def body_in(line: str) -> Body | None:
    """What the line of a recipe's event pipe says, or None when it is nothing that a recipe may say. Never raises.

    Numbers are finite numbers then, whatever stood there: what is reckoned from them cannot fail.
    """
    document = document_in(line)
    kind = BODIES.get(document["event"]) if document is not None else None
    if document is None or kind is None or not kind.is_a_recipes:
        return None
    told = {name: value for name, value in document.items() if name not in _OF_THE_AGENT}
    try:
        return _with_finite_numbers(kind.model_validate(told))
    except ValidationError:
        return None


def _with_finite_numbers(body: Body) -> Body:
    values = {name: getattr(body, name) for name in body.model_fields_set}
    mended = {name: _finite(value) for name, value in values.items()}
    return body if mended == values else body.model_copy(update=mended)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if _finite(item) is not None}
    return None if isinstance(value, float) and not math.isfinite(value) else value
