"""Which settings OneTrainer reads, and of which kind: what it does not know or cannot read, it silently leaves out."""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = 11
"""Of its files, at the commit that `known.toml` is from."""
OLDEST_VERSION = 4
"""Older files hold paths under other names."""
VERSION_KEY = "__version"
MAIN = "settings"
_RENAMED = {"concept": frozenset({"repeats", "validation_concept"})}
"""Older names, which OneTrainer takes over by itself."""


@dataclass(frozen=True)
class Kind:
    """What a value has to be. `of`: the part that is inside, or the names to choose from."""

    name: str
    of: str = ""
    may_be_null: bool = False


@dataclass(frozen=True)
class Fault:
    """A setting by its place, such as concepts[0].text; `why` is empty where its name is unknown."""

    place: str
    why: str = ""


def faults(values: Mapping[str, Any], part: str = MAIN, place: str = "") -> Iterator[Fault]:
    """What of a file OneTrainer would leave out."""
    kinds = _kinds()[part]
    for name, value in values.items():
        here = f"{place}.{name}" if place else name
        kind = kinds.get(name)
        if kind is not None:
            yield from _faults_of(value, kind, here)
        elif name != VERSION_KEY and name not in _RENAMED.get(part, ()):
            yield Fault(here)


def choices(name: str) -> tuple[str, ...]:
    """What a kind of choice has, such as ModelType."""
    return _file_choices()[name]


def _faults_of(value: Any, kind: Kind, place: str) -> Iterator[Fault]:
    if value is None:
        if not kind.may_be_null and kind.name != "any":
            yield Fault(place, "it cannot be null")
        return
    match kind.name:
        case "part":
            yield from _faults_within(value, kind.of, place)
        case "parts":
            if not isinstance(value, list):
                yield Fault(place, "it must be a list")
                return
            for number, each in enumerate(value):
                yield from _faults_within(each, kind.of, f"{place}[{number}]")
        case "named":
            if not isinstance(value, dict):
                yield Fault(place, "it must be a table")
                return
            for name, each in value.items():
                yield from _faults_within(each, kind.of, f"{place}.{name}")
        case _:
            why = _why_not(value, kind)
            if why:
                yield Fault(place, why)


def _faults_within(value: Any, part: str, place: str) -> Iterator[Fault]:
    if isinstance(value, dict):
        yield from faults(value, part, place)
    else:
        yield Fault(place, "it must be a table")


def _why_not(value: Any, kind: Kind) -> str:
    """Empty for a value that OneTrainer reads as what it says."""
    match kind.name:
        case "switch":
            return "" if isinstance(value, bool) else "it must be true or false"
        case "text":
            is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
            return "" if is_plain else "it must be text"
        case "whole":
            return "" if _is_number(value, is_whole=True) else "it must be a whole number"
        case "number":
            return "" if _is_number(value) else "it must be a number"
        case "one of":
            known = choices(kind.of)
            shown = ", ".join(known[:6]) + (" …" if len(known) > 6 else "")
            return "" if value in known else f"it must be one of {shown}"
        case _:
            return ""


def _is_number(value: Any, *, is_whole: bool = False) -> bool:
    if isinstance(value, bool):
        return False
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    if is_whole:
        return math.isfinite(number) and number == int(number)
    return not math.isnan(number)


@functools.cache
def _file() -> Mapping[str, Mapping[str, str]]:
    text = (Path(__file__).parent / "known.toml").read_text("utf-8")
    return tomllib.loads(text)


@functools.cache
def _file_choices() -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(names.split()) for name, names in _file()["choices"].items()}


@functools.cache
def _kinds() -> Mapping[str, Mapping[str, Kind]]:
    return {
        part: {name: _kind(words) for words, names in kinds.items() for name in names.split()}
        for part, kinds in _file().items()
        if part != "choices"
    }


def _kind(words: str) -> Kind:
    """From `switch`, `text?`, `one of TimeUnit`, `parts concept?`."""
    bare = words.removesuffix("?")
    for name in ("one of", "parts", "part", "named"):
        if bare.startswith(f"{name} "):
            return Kind(name, bare.removeprefix(f"{name} "), bare != words)
    return Kind(bare, "", bare != words)
