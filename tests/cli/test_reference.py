"""The reference of the commands."""

from __future__ import annotations

import re

import pytest
import typer

from launcher.cli.reference import reference
from tests.whole.our_commands import EVERY


def test_an_argument_that_must_be_given_has_no_brackets() -> None:
    sections = {part.partition("\n")[0]: part for part in reference().split("## launcher ")[1:]}
    required = {
        (name, str(param.metavar or param.name.upper()))
        for name, command in EVERY.items()
        for param in command.params
        if param.param_type_name == "argument" and param.required
    }
    assert ("sample", "TEXT") in required
    wrong = {each for each in required if f"`[{each[1]}]`" in sections[each[0]]}
    assert wrong == set()


def test_usage_lines_read_as_in_other_tools() -> None:
    lines = {name: _usage(name) for name in EVERY}
    assert lines["exec"] == "launcher exec [OPTIONS] RUN -- COMMAND..."
    assert lines["watch"] == "launcher watch [OPTIONS] [RUN]"
    assert lines["plan"] == "launcher plan [OPTIONS] [-- COMMAND...]"
    assert lines["dataset push"] == "launcher dataset push [OPTIONS] DATASET [REPO]"
    assert lines["compare"] == "launcher compare [OPTIONS] RUN RUN..."
    odd = re.compile(r"[{}…]|\[\[|\]\]|\]\.\.\.(?<!\[ARGS\]\.\.\.)")
    assert [line for line in lines.values() if odd.search(line)] == []


def test_help_and_errors_name_an_argument_as_the_usage_line_does() -> None:
    command = EVERY["exec"]
    context = command.make_context("exec", [], resilient_parsing=True)
    said = command.get_help(context)
    assert re.search(r"Arguments:\n +RUN +Such as run-01\.\n +-- COMMAND\.\.\. +The command", said)
    with pytest.raises(typer.TyperException) as raised:
        EVERY["presets show"].make_context("show", [])
    assert raised.value.format_message() == "Missing argument 'NAME'."


def _usage(name: str) -> str:
    command = EVERY[name]
    context = command.make_context(f"launcher {name}", [], resilient_parsing=True)
    return " ".join(command.get_usage(context).removeprefix("Usage: ").split())
