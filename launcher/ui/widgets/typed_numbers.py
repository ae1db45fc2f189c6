"""What stands in a field for a number, as it was typed."""

from __future__ import annotations

import math
import re

from launcher.errors import InvalidRequest

_WITH_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")


def has_thousands(text: str) -> bool:
    """A comma is a point to half of the world and parts the thousands for the other: such a number may be either."""
    return _WITH_THOUSANDS.fullmatch(text) is not None


def number(typed: object, what: str) -> float | None:
    """What stands in a field; None for an empty one. Raises InvalidRequest."""
    text = str(typed or "").strip()
    if not text:
        return None
    if has_thousands(text):
        raise InvalidRequest(f"{what}: write {text.replace(',', '')} without a comma.")
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InvalidRequest(f"{what}: enter a number.")
    return found


def whole(typed: object, what: str, most: int) -> int | None:
    """The same from 1 to that many. Raises InvalidRequest."""
    found = number(typed, what)
    if found is not None and not (1 <= found <= most and found == int(found)):
        raise InvalidRequest(f"{what}: enter a number from 1 to {most:,}.")
    return None if found is None else int(found)
