"""A number and its noun agree: `counted` says "1 clip", and an f-string that says "{n:,} clips" cannot."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator

from tests.kit.checkout import ROOT
from tests.whole.sources import files

_NOUNS = "clip recording file run error step sample checkpoint pod speaker place sentence line text"
_SAID = re.compile(rf" ({'|'.join(f'{noun}s' for noun in _NOUNS.split())})\b")
_SPOKEN = (
    "launcher/cli/", "launcher/api/", "launcher/services/", "launcher/stores/", "launcher/recipes/",
)  # fmt: skip
MAY_SAY = {
    ("launcher/cli/commands/dataset.py", "errors"): "of several, beside a word for one",
    ("launcher/cli/options.py", "sentences"): "the default of a setting, of which there are ten",
    ("launcher/services/choosing/runs.py", "runs"): "only where there are more than are looked at",
}


def said(tree: ast.AST) -> Iterator[str]:
    """The nouns in the plural that stand right behind a number that was filled in."""
    for node in ast.walk(tree):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for value, text in itertools.pairwise(parts):
            if not (isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant)):
                continue
            is_whole = value.format_spec is None or ast.unparse(value.format_spec) == "f','"
            found = _SAID.match(str(text.value))
            if found and is_whole and _is_number(value.value):
                yield found[1]


def _is_number(value: ast.expr) -> bool:
    text = ast.unparse(value)
    return text.startswith("len(") or bool(
        re.search(r"(clips|runs|steps|steps_then|batch|count|number|files)$", text)
    )


def test_what_is_counted_at_the_command_line_agrees_with_its_number() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in files() if path.suffix == ".py"]
    found = {
        (name, noun)
        for name in names
        if name.startswith(_SPOKEN)
        for noun in said(ast.parse((ROOT / name).read_text("utf-8")))
    }
    assert found == set(MAY_SAY), "say it by pod_image.contract.figures.counted"


def test_the_search_finds_what_it_is_for() -> None:
    text = 'f"{made.clips:,} clips"; f"{len(grave):,} errors"; f"{hours:.1f} runs"; f"{name} files"'
    assert list(said(ast.parse(text))) == ["clips", "errors"]
