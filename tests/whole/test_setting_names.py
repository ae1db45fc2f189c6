"""What is said of a setting stands in its marker: no list of settings beside it, and no case for one name.

Six such lists said what belongs to one run, and no two of them said the same.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from pod_image.contract.settings import SETTINGS
from tests.whole.sources import modules

NOT_OURS = ("launcher/providers/", "launcher/emulator/", "pod_image/agent/card.py")
"""There the same words are fields of a cloud's own requests, and of a model card."""
OF_A_RECIPE = ("pod_image/contract/", "launcher/recipes/", "pod_image/recipes/")
"""Where settings are declared, and what a recipe makes of its own."""


def _listed(node: ast.expr) -> list[str]:
    """The settings that a literal collection lists; a dictionary of values is a run, one of words is a list."""
    parts: list[ast.expr] = []
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        parts = node.elts
    elif isinstance(node, ast.Dict) and all(map(_is_text, node.values)):
        parts = [key for key in node.keys if key is not None]
    texts = [part.value for part in parts if isinstance(part, ast.Constant)]
    return [text for text in texts if isinstance(text, str) and text in SETTINGS]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_a_name(node: ast.expr) -> bool:
    """Whether an expression is called a name, as in `setting.name == …`."""
    called = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return called in ("name", "key")


def said_of_settings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and len(set(_listed(node))) > 1:
            yield " ".join(_listed(node))
        elif isinstance(node, ast.Compare) and _is_a_name(node.left):
            for other in node.comparators:
                yield from _listed(other) or _listed(ast.Tuple([other]))


@pytest.mark.parametrize(
    "line",
    [
        '_OF_ONE_RUN = ("run_id", "results_repo")',
        '_EMPTY_MEANS = {"run_id": "next free one", "espeak_voice": "by the language"}',
        'kept = [v for name, v in values if name not in ("run_id",)]',
        'if setting.name == "argv": pass',
    ],
)
def test_the_guard_sees_a_list_of_settings_and_a_case_for_one(line: str) -> None:
    assert list(said_of_settings(ast.parse(line)))


def test_nothing_is_said_of_a_setting_but_in_its_marker() -> None:
    found = {
        f"{module.name}: {said}"
        for module in modules("launcher", "pod_image")
        if not module.name.startswith((*NOT_OURS, *OF_A_RECIPE))
        for said in said_of_settings(module.tree)
    }
    assert found == set(), "Knob says it: scope, belongs_to, empty_means, separator, written, when"


def test_settings_of_the_history_are_read_where_older_names_are_known() -> None:
    known_there = {"taken_over", "recorded_settings", "known_settings"}
    found = {
        f"{module.name}:{call.lineno}"
        for module in modules("launcher")
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call)
        and "settings_json" in "".join(map(ast.unparse, call.args))
        and ast.unparse(call.func).rpartition(".")[2] in ("loads", "model_validate_json")
        and not known_there & {part for one in module.imports for part in [one.rpartition(".")[2]]}
    }
    assert found == set(), "read them by pod_image.contract.older_settings"
