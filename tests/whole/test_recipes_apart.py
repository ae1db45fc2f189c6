"""Nothing outside the recipes' folders knows which recipe runs: no name of one, no branch on it, no import of one."""

from __future__ import annotations

import ast
import itertools
import json
from collections.abc import Iterator

import pytest

from launcher.recipes import recipe_of
from launcher.services.launching.pod_wheel import pod_wheel
from pod_image import private_python
from pod_image.contract.recipes import declarations, module_name
from pod_image.contract.settings import RecipeName, RunSettings
from pod_image.recipes import load
from tests.kit.checkout import ROOT
from tests.whole.sources import Module, modules

NAMES = frozenset(declarations()) | frozenset(map(module_name, declarations()))
FOLDERS = (
    "pod_image/contract/recipes/",
    "pod_image/recipes/",
    "launcher/recipes/",
    "launcher/demo/",  # says what the demo trains
)
ABOUT_VOICES = {
    # They make voices, check recordings for one or name published ones, whatever runs anywhere.
    "launcher/cli/commands/dataset.py": {"pod_image.contract.recipes.piper"},
    "launcher/cli/commands/voices.py": {"pod_image.contract.recipes.piper", "launcher.recipes.piper.voice_bases"},
    "launcher/services/voices/export.py": {"pod_image.recipes.piper.export_file"},
}  # fmt: skip


def outside() -> list[Module]:
    return [one for one in modules("launcher", "pod_image") if not one.name.startswith(FOLDERS)]


def branches(tree: ast.AST) -> Iterator[str]:
    """What the code would do with one recipe and not with another."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(_is_the_recipe(side) or _names_one(side) for side in sides):
                yield ast.unparse(node)
        elif isinstance(node, ast.Match):
            if _is_the_recipe(node.subject) or any(map(_names_one, ast.walk(node))):
                yield f"match {ast.unparse(node.subject)}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "RecipeName":
                yield ast.unparse(node)
        elif isinstance(node, ast.keyword) and node.arg == "recipe" and _names_one(node.value):
            yield ast.unparse(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "recipe" and _names_one(value):
                    yield ast.unparse(value)


def _is_the_recipe(node: ast.AST) -> bool:
    inner = node.value if isinstance(node, ast.Attribute) and node.attr == "value" else node
    return isinstance(inner, ast.Attribute) and inner.attr == "recipe"


def _names_one(node: ast.AST) -> bool:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(map(_names_one, node.elts))
    return isinstance(node, ast.Constant) and node.value in NAMES


def named_modules(module: Module) -> Iterator[str]:
    """Modules of one recipe that are imported, or named to be."""
    strings = [n.value for n in ast.walk(module.tree) if isinstance(n, ast.Constant)]
    for name in [*module.imports, *(each for each in strings if isinstance(each, str))]:
        parts = name.split(".")
        if any(pair[0] == "recipes" and pair[1] in NAMES for pair in itertools.pairwise(parts)):
            yield name  # fmt: skip


def test_no_code_outside_branches_on_the_recipe() -> None:
    looked_at = outside()
    assert len(looked_at) > 200
    assert {one.name: found for one in looked_at if (found := list(branches(one.tree)))} == {}


def test_no_code_outside_imports_one_recipe() -> None:
    unknown = {
        one.name: found
        for one in outside()
        if (found := [
            name for name in named_modules(one)
            if not any(name == each or name.startswith(f"{each}.") for each in ABOUT_VOICES.get(one.name, ()))
        ])
    }  # fmt: skip
    assert unknown == {}


@pytest.mark.parametrize(
    "line",
    [
        "settings.recipe is RecipeName.PIPER",
        "run.settings.recipe.value == 'piper'",
        "'piper' == name",
        "name in ('piper', 'command')",
        "Settings(recipe='command')",
        "values = {'recipe': 'piper'}",
        "RecipeName.COMMAND",
        "match name:\n    case 'piper':\n        pass",
    ],
)
def test_each_way_to_branch_is_seen(line: str) -> None:
    assert list(branches(ast.parse(line)))


def test_a_recipe_s_name_is_no_branch_where_it_means_something_else() -> None:
    harmless = "body = {'command': list(argv)}\nfind_spec('piper')\nrecipe.stages(settings)"
    assert list(branches(ast.parse(harmless))) == []


def test_each_module_of_one_recipe_is_seen() -> None:
    lines = "from launcher.recipes.piper import speed\nRUN = 'pod_image.recipes.command'"
    assert len(set(named_modules(Module("x.py", ast.parse(lines))))) >= 2


@pytest.mark.parametrize("name", RecipeName)
def test_each_recipe_that_is_declared_has_both_halves_and_they_agree(
    name: RecipeName,
) -> None:
    pods = load(name)
    assert pods.name == name
    assert pods.less_memory.endswith(".")
    assert pods.folders
    shown = recipe_of(RunSettings(recipe=name)).shown
    work = {stage.phase for stage in pods.stages(RunSettings(recipe=name))}
    assert set(shown.phases) == work
    assert shown.at_a_stop.endswith(".")


def test_a_recipe_s_packages_are_read_as_they_are_written() -> None:
    paths = sorted((ROOT / "pod_image" / "recipes").glob("*/packages.txt"))
    assert paths
    for path in paths:
        lines = private_python.lines_of(path.read_text("utf-8"))
        document = json.dumps({"settings": {"recipe": path.parent.name}})
        needs = private_python.needs(document, pod_wheel().content)
        assert len(needs) == len(lines) + len(private_python.AGENT_NEEDS), path


def test_each_recipe_says_on_its_card_what_comes_out() -> None:
    for name, declaration in declarations().items():
        assert declaration.title, name
        assert declaration.about.endswith("."), name
