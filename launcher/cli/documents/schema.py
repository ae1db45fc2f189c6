"""The JSON schema of what `--json` prints (2020-12), made of the documents' own declarations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from launcher.cli.documents.declared import Parts
from launcher.cli.documents.registry import COMMANDS, EVERYWHERE, EventLine, Shapes
from pod_image.contract.bodies import BODIES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EVENT_VERSION = 1
_REF = "#/$defs/{model}"
_STAMP = {
    "schema": {"const": "event", "type": "string"},
    "version": {"const": EVENT_VERSION, "type": "integer"},
    "at": {"type": "string", "format": "date-time"},
    "run_id": {"type": "string"},
    "seq": {
        "type": "integer",
        "minimum": 1,
        "description": "Number of the event in its attempt: from 1, without gaps, restarts included.",
    },
}


def schema() -> dict[str, Any]:
    """All documents: any of them is valid against it, and `$defs` has one entry for each command."""
    made = Parts()
    for shape in _all_shapes():
        if shape is not EventLine:
            made.of(shape)
    parts = _events() | made.defined
    of_commands = {_key(command): _of_command(shapes) for command, shapes in COMMANDS.items()}
    return {
        "$schema": DIALECT,
        "title": "What `launcher … --json` prints",
        "description": "One document, or one line of a stream. docs/json.md says what may change within a version.",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in _names(_all_shapes())],
        "$defs": of_commands | {name: parts[name] for name in sorted(parts)},
    }


def closed(document: Any) -> Any:
    """The same schema, in which an object holds nothing but what is declared: for tests of our own output."""
    if isinstance(document, Mapping):
        inner = {name: closed(value) for name, value in document.items()}
        if "properties" in inner and inner.get("type") == "object":
            inner.setdefault("additionalProperties", False)
        return inner
    return [closed(each) for each in document] if isinstance(document, list) else document


def name_of(shape: Any) -> str:
    """The entry of `$defs` for a document."""
    return "Event" if shape is EventLine else str(shape.__name__)


def _key(command: str) -> str:
    return command.replace(" ", ".")


def _all_shapes() -> list[Any]:
    listed = [each for shapes in COMMANDS.values() for each in (*shapes.answers, *shapes.lines)]
    return list(dict.fromkeys((*listed, *EVERYWHERE)))


def _names(shapes: Iterable[Any]) -> list[str]:
    return [name_of(each) for each in shapes]


def _of_command(shapes: Shapes) -> dict[str, Any]:
    names = _names((*shapes.answers, *shapes.lines, *EVERYWHERE))
    return {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in dict.fromkeys(names)]}


def _events() -> dict[str, Any]:
    """Every kind of event as a line: the stamp beside what the kind says; values that are absent are left out."""
    parts: dict[str, Any] = {}
    kinds = []
    for kind, body in BODIES.items():
        made = body.model_json_schema(ref_template=_REF, mode="validation")
        parts |= {part: _tidy(value) for part, value in made.pop("$defs", {}).items()}
        name = f"{body.__name__}Event"
        kinds.append(name)
        parts[name] = _event({"const": kind, "type": "string"}, _tidy(made))
    parts["UnknownEvent"] = _event(
        {"type": "string", "not": {"enum": list(BODIES)}},
        {
            "description": "An event of a kind that this release does not know; its `seq` counts all the same."
        },
    )
    parts["Event"] = {
        "description": "An event of a pod; docs/architecture.md lists the kinds.",
        "anyOf": [{"$ref": f"#/$defs/{name}"} for name in (*kinds, "UnknownEvent")],
    }
    return parts


def _event(kind: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    of_kind = made.get("properties", {})
    description = " ".join(str(made.get("description", "")).split())
    return {
        **({"description": description} if description else {}),
        "type": "object",
        "properties": {**_STAMP, "event": dict(kind), **of_kind},
        "required": [*_STAMP, "event", *made.get("required", ())],
    }


def _tidy(part: Any) -> Any:
    """Without the titles that repeat each name, and what tells of defaults: a line has what it has."""
    if isinstance(part, Mapping):
        return {
            name: _each_tidy(value) if name == "properties" else _tidy(value)
            for name, value in part.items()
            if name not in ("title", "default")
        }
    return [_tidy(each) for each in part] if isinstance(part, list) else part


def _each_tidy(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _tidy(value) for name, value in properties.items()}
