"""Every command answers in JSON, in a shape that is declared and published."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import jsonschema
import typer

from launcher.cli.command_list import COMMANDS
from launcher.cli.documents.docs import stale_pages
from launcher.cli.documents.registry import COMMANDS as SHAPES
from launcher.cli.documents.schema import schema
from tests.kit.checkout import ROOT
from tests.kit.json_walk import A_DATASET, A_RUN, ELSEWHERE
from tests.kit.printed_documents import command_of


def every_command() -> Iterator[tuple[str, Any]]:
    """The words of each command, and the command."""
    for entry in COMMANDS:
        command = typer.main.get_command(importlib.import_module(entry.module).app)
        children = getattr(command, "commands", {})
        if not children or getattr(command, "invoke_without_command", False):
            yield entry.name, command
        if children:
            yield from ((f"{entry.name} {name}", child) for name, child in children.items())


def test_every_command_takes_json_and_says_what_it_prints_then() -> None:
    commands = dict(every_command())
    deaf = [
        words
        for words, command in commands.items()
        if not any("--json" in param.opts for param in command.params)
    ]
    assert deaf == [], "give it `as_json: JsonOption` and Output(as_json=as_json)"
    undeclared = [words for words in commands if words not in SHAPES]
    assert undeclared == [], (
        "declare a TypedDict in launcher/cli/documents/, name it in its registry.py, then "
        "`python -m launcher.cli.documents.docs --write`"
    )
    assert [words for words in SHAPES if words not in commands] == []


def test_every_command_is_run_with_json_somewhere() -> None:
    walked = {command_of(words) for words in (*A_RUN, *A_DATASET)}
    assert set(SHAPES) - walked == set(ELSEWHERE), (
        "add it to a walk of tests/kit/json_walk.py, or say there where it is run"
    )
    for command, file in ELSEWHERE.items():
        text = (ROOT / file).read_text("utf-8")
        assert "--json" in text, f"{file} does not run launcher {command} --json"


def test_docs_and_schema_of_this_checkout_say_what_the_code_prints() -> None:
    stale = [path.name for path in stale_pages()]
    assert stale == [], "python -m launcher.cli.documents.docs --write"


def test_the_schema_is_one_of_its_dialect_and_has_every_command() -> None:
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    assert {words.replace(" ", ".") for words in SHAPES} <= set(made["$defs"])


def test_every_document_says_which_it_is_and_in_which_version() -> None:
    named = [
        each["properties"]
        for each in schema()["$defs"].values()
        if "schema" in each.get("properties", {})
    ]
    assert len(named) > len(SHAPES)
    assert all(isinstance(each["version"]["const"], int) for each in named)
    assert all(each["schema"]["const"] for each in named)
    assert all(list(each)[:2] == ["schema", "version"] for each in named)


def test_money_time_and_size_have_their_unit_in_the_name() -> None:
    wrong = [
        f"{name}.{field}"
        for name, part in schema()["$defs"].items()
        for field in part.get("properties", {})
        if any(word in field.split("_") for word in ("cost", "price", "size", "bytes"))
        and not field.endswith(("_usd", "_bytes"))
    ]
    assert wrong == []
