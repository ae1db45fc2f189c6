"""Plain English in all that a person reads: the terms and the turns of docs/words.md, which this test reads too."""

from __future__ import annotations

import ast
import functools
import re

import pytest

from tests.kit.checkout import ROOT
from tests.whole.people_read import TERMS_PAGE, Text, of_tree, one_line, texts


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading of docs/words.md."""
    page = (ROOT / TERMS_PAGE).read_text("utf-8")
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


TERMS = _rows("Terms")
TURNS = _rows("Turns to avoid")
BANNED = [
    *(turn.strip() for not_this, _, _ in TURNS for turn in not_this.split(",")),
    *(word.strip() for _, _, not_this in TERMS for word in not_this.split(",") if word.strip()),
]


def _pattern(turns: list[str]) -> re.Pattern[str]:
    each = (r"\s+".join(map(re.escape, turn.split())) for turn in turns)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(each)})(?![\w-])", re.IGNORECASE)


@functools.cache
def _any_turn() -> re.Pattern[str]:
    return _pattern(BANNED)


def faults(text: Text) -> list[str]:
    return [
        f"{text.place}: {found[0]}: {text.words[:160]}"
        for found in _any_turn().finditer(text.words)
    ]


def test_what_people_read_has_none_of_the_turns_that_we_avoid() -> None:
    assert [fault for text in texts(_any_turn()) for fault in faults(text)] == []


@pytest.mark.parametrize("row", TURNS, ids=lambda row: row[0])
def test_each_turn_is_caught_in_its_example(row: list[str]) -> None:
    not_this, instead, example = row
    assert instead
    assert _pattern([turn.strip() for turn in not_this.split(",")]).search(example)


@pytest.mark.parametrize(
    "written",
    [
        'hint("It costs two dollars at the most.")',
        'hint(\n    "It costs two dollars at "\n    "the most."\n)',
        'raise Wrong(f"It costs {dollars(usd)} at the {word} most, at the most {usd}.")',
        'LABELS = {"stop": "Stop and deliver"}',
    ],
)
def test_a_turn_is_caught_however_its_text_is_written(written: str) -> None:
    assert [f for text in of_tree("launcher/ui/some.py", ast.parse(written)) for f in faults(text)]


def test_the_help_of_a_command_is_read_and_other_docstrings_are_not() -> None:
    function = '@app.command()\ndef show():\n    """Costs two dollars at the most."""\n'
    (text,) = of_tree("launcher/cli/commands/show.py", ast.parse(function))
    assert faults(text)
    assert not list(of_tree("launcher/services/show.py", ast.parse(function)))


def test_a_term_stands_once() -> None:
    said = [one_line(term).lower() for term, _, _ in TERMS]
    assert len(said) == len(set(said))
