"""Declared types as JSON schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, TypedDict

import pytest

from launcher.cli.documents.declared import Parts


class Colour(StrEnum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Wheel:
    """It turns."""

    size_bytes: int
    """Of the
    rim."""
    inner: Wheel | None = None


class Thing(TypedDict):
    named: str
    """What it is called."""


class Cart(Thing):
    """What has wheels."""

    version: Literal[3]
    colour: Colour | None
    wheels: tuple[Wheel, ...]
    since: datetime
    where: dict[str, list[Path]]
    more: Any


def test_a_document_is_described_by_its_own_declaration_and_that_of_its_parts() -> None:
    parts = Parts()
    assert parts.of(Cart) == {"$ref": "#/$defs/Cart"}
    cart = parts.defined["Cart"]
    assert cart["description"] == "What has wheels."
    assert cart["required"] == ["version", "named", "colour", "wheels", "since", "where", "more"]
    assert cart["properties"] == {
        "version": {"type": "integer", "const": 3},
        "named": {"type": "string", "description": "What it is called."},
        "colour": {"anyOf": [{"$ref": "#/$defs/Colour"}, {"type": "null"}]},
        "wheels": {"type": "array", "items": {"$ref": "#/$defs/Wheel"}},
        "since": {"type": "string", "format": "date-time"},
        "where": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "more": {},
    }
    assert parts.defined["Colour"]["enum"] == ["red", "blue"]
    wheel = parts.defined["Wheel"]["properties"]
    assert wheel["size_bytes"] == {"type": "integer", "description": "Of the rim."}
    assert wheel["inner"] == {"anyOf": [{"$ref": "#/$defs/Wheel"}, {"type": "null"}]}


def test_what_has_no_shape_in_json_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="declare a TypedDict"):
        Parts().of(Parts)


def test_two_types_of_one_name_are_refused() -> None:
    parts = Parts()
    parts.of(Colour)
    with pytest.raises(TypeError, match="two types of one name"):
        parts.of(type("Colour", (), {}))
