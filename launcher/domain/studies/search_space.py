"""What a study tries of each setting: a range or a list of values, as it is typed and as it is kept. Pure.

`learning_rate=1e-5..1e-3:log,batch_size=16|32` are two dimensions. What values a setting takes is not known here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from launcher.errors import InvalidRequest
from pod_image.contract.figures import counted, plain_number

Value = str | int | float | bool
MOST_DIMENSIONS = 20
MOST_CHOICES = 100
MOST_GRID_POINTS = 10_000
_NEXT = re.compile(r",(?=\s*[A-Za-z_][\w-]*\s*=)")
"""A comma parts two settings where a name and an equals sign follow; any other is part of a value."""
_EXAMPLE = "For example learning_rate=1e-5..1e-3:log,batch_size=16|32"


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included. `points`: how many values a grid takes of it, 0 where nobody said."""

    name: str
    low: float
    high: float
    is_whole: bool = False
    """Whole numbers alone."""
    is_log: bool = False
    step: float = 0.0
    points: int = 0

    @property
    def text(self) -> str:
        more = [
            ":log" if self.is_log else "",
            f":step={_typed(self.step)}" if self.step else "",
            f":points={self.points}" if self.points else "",
        ]
        return f"{_typed(self.low)}..{_typed(self.high)}{''.join(more)}"

    @property
    def plain_text(self) -> str:
        """As a page says it."""
        more = [
            ", logarithmic" if self.is_log else "",
            f", in steps of {plain_number(self.step)}" if self.step else "",
            f", {self.points} values" if self.points else "",
        ]
        return f"{plain_number(self.low)} to {plain_number(self.high)}{''.join(more)}"

    def holds(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and (not self.is_whole or float(value).is_integer())

    def grid(self) -> list[Value]:
        """Its values on a grid. Raises InvalidRequest where there is no end of them."""
        if self.points:
            values = [self._at(number / max(1, self.points - 1)) for number in range(self.points)]
        elif self.step or (self.is_whole and not self.is_log):
            step = self.step or 1.0
            most = min(MOST_GRID_POINTS, math.floor((self.high - self.low) / step + 1e-9))
            values = [self.low + number * step for number in range(most + 1)]
        else:
            raise InvalidRequest(
                f"A grid needs to know which values of {self.name} to try.",
                hint=f"Name them, as {self.name}=A|B|C, or say how many: {self.name}={self.text}:points=4",
            )
        rounded: list[Value] = [
            round(value) if self.is_whole else float(f"{value:.6g}") for value in values
        ]
        return list(dict.fromkeys(rounded))

    def _at(self, share: float) -> float:
        if self.is_log:
            return math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True)
class Choices:
    """One of these values."""

    name: str
    values: tuple[Value, ...]

    @property
    def text(self) -> str:
        return "|".join(str(value) for value in self.values)

    @property
    def plain_text(self) -> str:
        """As a page says it."""
        *others, last = map(plain_value, self.values)
        return f"{', '.join(others)} or {last}" if others else last

    def holds(self, value: object) -> bool:
        return any(value == each and type(value) is type(each) for each in self.values)

    def grid(self) -> list[Value]:
        return list(self.values)


Dimension = Range | Choices


def plain_value(value: Value) -> str:
    """One value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain_number(float(f"{value:.4g}")) if isinstance(value, float) else str(value)


def typed_dimensions(texts: Iterable[str]) -> dict[str, str]:
    """Each setting's name with what was typed for it. Raises InvalidRequest for what is no such thing."""
    found: dict[str, str] = {}
    for text in texts:
        for part in _NEXT.split(text):
            name, sign, values = part.partition("=")
            name = name.strip().replace("-", "_")
            if not sign or not name or not values.strip():
                raise InvalidRequest(
                    f"{part.strip()!r} does not name a setting and its values.", hint=_EXAMPLE
                )
            if name in found:
                raise InvalidRequest(f"{name} is searched twice.", hint="Name each setting once.")
            found[name] = values.strip()
    if len(found) > MOST_DIMENSIONS:
        raise InvalidRequest(
            f"A study searches {MOST_DIMENSIONS} settings at most; {len(found)} were named."
        )
    return found


def _typed(number: float) -> str:
    """As a person types it: 1e-5, not 1e-05."""
    return f"{number:g}".replace("e-0", "e-").replace("e+0", "e")


def is_range(text: str) -> bool:
    return ".." in text and "|" not in text


def read_range(name: str, text: str, *, is_whole: bool) -> Range:
    """`1e-5..1e-3:log`, `10..100:step=10`, `0.1..0.9:points=5`. Raises InvalidRequest."""
    ends, *words = text.split(":")
    low, _, high = ends.partition("..")
    given: dict[str, float] = {}
    is_log = False
    for word in (each.strip() for each in words):
        key, sign, value = word.partition("=")
        if word == "log":
            is_log = True
        elif sign and key in ("step", "points"):
            given[key] = _number(name, value)
        else:
            raise InvalidRequest(
                f"{word!r} cannot be read as a range of {name}.",
                hint="A range may end in :log, :step=NUMBER or :points=NUMBER.",
            )
    found = Range(
        name,
        _number(name, low),
        _number(name, high),
        is_whole,
        is_log,
        given.get("step", 0.0),
        int(given.get("points", 0)),
    )
    _check(found)
    return found


def _number(name: str, text: str) -> float:
    try:
        value = float(text.strip())
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidRequest(f"{text.strip()!r} is not a number for {name}.", hint=_EXAMPLE)
    return value


def _check(found: Range) -> None:
    name = found.name
    if not found.low < found.high:
        raise InvalidRequest(
            f"The range of {name} must go up: {found.text}.", hint="Write the lower end first."
        )
    if found.is_whole and not (found.low.is_integer() and found.high.is_integer()):
        raise InvalidRequest(f"{name} takes whole numbers: {found.text}.")
    if found.is_whole and not found.step.is_integer():
        raise InvalidRequest(f"{name} takes whole numbers, so its step is one too: {found.text}.")
    if found.is_log and found.low <= 0:
        raise InvalidRequest(f"A range with :log begins above 0: {name}={found.text}.")
    if found.is_log and found.step:
        raise InvalidRequest(f"A range has :log or :step, not both: {name}={found.text}.")
    if found.step < 0 or found.step > found.high - found.low:
        raise InvalidRequest(f"The step of {name} does not fit into its range: {found.text}.")
    if found.points and not 2 <= found.points <= MOST_CHOICES:
        raise InvalidRequest(f"{name} takes 2 to {MOST_CHOICES} points; {found.points} were given.")


def checked_choices(name: str, values: Iterable[Value]) -> Choices:
    """Raises InvalidRequest for one value alone, or too many."""
    found = Choices(name, tuple(dict.fromkeys(values)))
    if not 2 <= len(found.values) <= MOST_CHOICES:
        raise InvalidRequest(
            f"{name} has {counted(len(found.values), 'value')} to try; a search needs 2 to {MOST_CHOICES}.",
            hint="Give a setting with one value as an option of its own.",
        )
    return found


def grid_points(space: Iterable[Dimension]) -> int:
    """How many combinations a grid has. Raises InvalidRequest where there is no end of them, or far too many."""
    count = math.prod(len(each.grid()) for each in space)
    if count > MOST_GRID_POINTS:
        raise InvalidRequest(
            f"This grid has {count:,} combinations.",
            hint="Use fewer values, or search with TPE instead of a grid.",
        )
    return count


def to_json(dimension: Dimension) -> dict[str, Any]:
    if isinstance(dimension, Choices):
        return {"name": dimension.name, "choices": list(dimension.values)}
    return {
        "name": dimension.name,
        "low": dimension.low,
        "high": dimension.high,
        "whole": dimension.is_whole,
        "log": dimension.is_log,
        "step": dimension.step,
        "points": dimension.points,
    }


def from_json(kept: Mapping[str, Any]) -> Dimension:
    """Raises InvalidRequest, KeyError, TypeError or ValueError for what `to_json` does not write."""
    name = str(kept["name"])
    if "choices" in kept:
        values = kept["choices"]
        if not all(isinstance(each, str | int | float | bool) for each in values):
            raise TypeError("a choice is text, a number, or true or false")
        return checked_choices(name, values)
    found = Range(
        name,
        float(kept["low"]),
        float(kept["high"]),
        bool(kept["whole"]),
        bool(kept["log"]),
        float(kept["step"]),
        int(kept["points"]),
    )
    _check(found)
    return found
