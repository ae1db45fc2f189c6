"""Small checks for request bodies that word their findings as RunPod does. No knowledge of any one body."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Check = Callable[[Any, str], list[str]]
"""Takes a value and its path (`$`, `$.gpu`), returns what is wrong with it; nothing when it is right."""


def kind_of(value: Any) -> str:
    """The JSON name of a value's type."""
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "object", list: "array", str: "string", type(None): "null"}
    return names.get(type(value), "number")


def text(min_length: int = 0, pattern: str | None = None, max_length: int | None = None) -> Check:
    def check(value: Any, path: str) -> list[str]:
        if not isinstance(value, str):
            return [f"{path}: got {kind_of(value)}, want string"]
        if len(value) < min_length:
            return [f"{path}: minLength: got {len(value)}, want {min_length}"]
        if max_length is not None and len(value) > max_length:
            return [f"{path}: maxLength: got {len(value)}, want {max_length}"]
        if pattern is not None and re.search(pattern, value) is None:
            return [f"{path}: value does not match pattern {pattern!r}"]
        return []

    return check


def whole(minimum: int | None = None, maximum: int | None = None) -> Check:
    def check(value: Any, path: str) -> list[str]:
        is_whole = isinstance(value, float) and value.is_integer()
        if isinstance(value, bool) or not (isinstance(value, int) or is_whole):
            return [f"{path}: got {kind_of(value)}, want integer"]
        if minimum is not None and value < minimum:
            return [f"{path}: minimum: got {value}, want {minimum}"]
        if maximum is not None and value > maximum:
            return [f"{path}: maximum: got {value}, want {maximum}"]
        return []

    return check


def flag(value: Any, path: str) -> list[str]:
    return [] if isinstance(value, bool) else [f"{path}: got {kind_of(value)}, want boolean"]


def choice(*allowed: str) -> Check:
    def check(value: Any, path: str) -> list[str]:
        if value in allowed:
            return []
        return [f"{path}: value must be one of " + ", ".join(f"'{word}'" for word in allowed)]

    return check


def nullable(inner: Check) -> Check:
    return lambda value, path: [] if value is None else inner(value, path)


def array(items: Check, min_items: int = 0, max_items: int | None = None) -> Check:
    def check(value: Any, path: str) -> list[str]:
        if not isinstance(value, list):
            return [f"{path}: got {kind_of(value)}, want array"]
        if len(value) < min_items:
            return [f"{path}: minItems: got {len(value)}, want {min_items}"]
        if max_items is not None and len(value) > max_items:
            return [f"{path}: maxItems: got {len(value)}, want {max_items}"]
        return [f for at, item in enumerate(value) for f in items(item, f"{path}[{at}]")]

    return check


def mapping(values: Check) -> Check:
    def check(value: Any, path: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{path}: got {kind_of(value)}, want object"]
        return [f for key, item in value.items() for f in values(item, f"{path}.{key}")]

    return check


@dataclass(frozen=True)
class Part:
    """One of the schemas that together describe an object."""

    properties: Mapping[str, Check]
    required: tuple[str, ...] = ()

    def findings(self, value: Mapping[str, Any], path: str) -> list[str]:
        missing = [f"{path}: missing property '{key}'" for key in self.required if key not in value]
        wrong = [
            finding
            for key, check in self.properties.items()
            if key in value
            for finding in check(value[key], f"{path}.{key}")
        ]
        return missing + wrong


@dataclass(frozen=True)
class Record:
    """A closed object. Callable as a check.

    Surprise kept on purpose: a part that does not hold evaluates none of its properties, so its valid
    keys are then reported as not allowed too; the missing one stands before them.
    """

    parts: tuple[Part, ...]
    min_properties: int = 0
    needs: Callable[[Mapping[str, Any]], list[str]] = field(default=lambda value: [])

    def __call__(self, value: Any, path: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{path}: got {kind_of(value)}, want object"]
        findings, known = self._of_parts(value, path)
        findings += [f"{path}: missing property '{key}'" for key in self.needs(value)]
        if unknown := [key for key in value if key not in known]:
            listed = ", ".join(f"'{key}'" for key in unknown)
            findings.append(f"{path}: additional properties {listed} not allowed")
        if len(value) < self.min_properties:
            findings.append(f"{path}: minProperties: got {len(value)}, want {self.min_properties}")
        return findings

    def _of_parts(self, value: Mapping[str, Any], path: str) -> tuple[list[str], set[str]]:
        findings: list[str] = []
        known: set[str] = set()
        for part in self.parts:
            wrong = part.findings(value, path)
            findings += wrong
            if not wrong:
                known |= set(part.properties)
        return findings, known


def record(properties: Mapping[str, Check], *required: str, min_properties: int = 0) -> Record:
    """A closed object of one part."""
    return Record((Part(properties, required),), min_properties)
