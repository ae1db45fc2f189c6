"""The reference of the commands."""

from __future__ import annotations

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
