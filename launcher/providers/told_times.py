"""Times as places and our own run documents tell them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any


def moment(value: Any) -> datetime | None:
    """RFC 3339 with up to nine digits; anything else is no moment."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


@lru_cache(maxsize=256)
def deadline_in(run_document: str) -> datetime | None:
    """The deadline that a pod of ours was given, by its LAUNCHER_RUN; None for anybody else's."""
    # A pod's document never changes, and a list shows up to 60 kB of each pod every few seconds.
    try:
        return moment(json.loads(run_document)["deadline"])
    except (TypeError, ValueError, KeyError, RecursionError):
        return None
