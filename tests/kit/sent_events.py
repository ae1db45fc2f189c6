"""What a recipe says, as the agent finds it in the pipe."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pod_image.contract.bodies import Body
from pod_image.contract.events import to_bare_line


def as_sent(body: Body) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(to_bare_line(body))
    return sent


def kept_in(events: list[dict[str, Any]]) -> Callable[[Body], None]:
    """An `emit` that keeps what it is told in the list."""
    return lambda body: events.append(as_sent(body))
