"""What a command printed under `--json`, held to the published schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import jsonschema

from launcher.cli.app import is_json_asked_for
from launcher.cli.documents.registry import COMMANDS, EVERYWHERE
from launcher.cli.documents.schema import closed, name_of, schema

FORMATS = jsonschema.FormatChecker(formats=())


def _has_a_zone(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


FORMATS.checks("date-time", raises=ValueError)(_has_a_zone)


def check_printed(words: Sequence[str], code: int, out: str, err: str) -> None:
    """Raises AssertionError where a stream holds anything but the documents that the command may print."""
    command = command_of(words)
    if command is None or not is_json_asked_for(list(words)):
        return
    shapes = COMMANDS[command]
    if shapes.lines:
        documents = [json.loads(line) for line in out.splitlines()]
    else:
        documents = [json.loads(out)] if out else []
    for document in documents:
        check_document(command.replace(" ", "."), document)
    if code == 0 and shapes.answers:
        names = [name_of(each) for each in shapes.answers]
        assert documents, f"launcher {command} printed no answer"
        check_document(
            "", documents[-1], {"anyOf": [{"$ref": f"#/$defs/{each}"} for each in names]}
        )
    assert all(document["schema"] != "error" for document in documents)
    if sys.stdin.isatty():
        return  # a person is asked on stderr
    for line in err.splitlines():
        check_document("", json.loads(line), _everywhere())


def command_of(words: Sequence[str]) -> str | None:
    """The command that these words call, as the registry names it; None for what is none, and for help."""
    if "--help" in words:
        return None
    return next((each for n in (2, 1) if (each := " ".join(words[:n])) in COMMANDS), None)


def check_document(entry: str, document: Any, shape: Any = None) -> None:
    """Raises AssertionError for one that the schema's entry refuses, or that holds what is not declared."""
    found = list(_validator(entry, json.dumps(shape)).iter_errors(document))
    if found:
        said = jsonschema.exceptions.best_match(found)
        raise AssertionError(
            f"{json.dumps(document)[:300]} is not what docs/json.md says of {entry or 'it'}: "
            f"{said.json_path}: {said.message[:500]}"
        )


@cache
def _validator(entry: str, shape: str) -> Any:
    made = _closed_schema()
    top = json.loads(shape) or {"$ref": f"#/$defs/{entry}"}
    return jsonschema.Draft202012Validator({"$defs": made["$defs"], **top}, format_checker=FORMATS)


@cache
def _closed_schema() -> Any:
    return closed(schema())


def _everywhere() -> Any:
    return {"anyOf": [{"$ref": f"#/$defs/{name_of(each)}"} for each in EVERYWHERE]}
