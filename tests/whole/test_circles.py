"""No module needs, by whatever way, a module that needs it: not for types, and not inside a function either."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tests.whole.sources import Module, modules

Graph = Mapping[str, set[str]]


def dotted(module: Module) -> str:
    return module.name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def imported(tree: ast.Module, known: set[str]) -> Iterator[str]:
    """The modules that are named; `from package import module` names the module, not what the package shows."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in known else node.module


def graph_of(every: list[Module]) -> Graph:
    known = {dotted(module) for module in every}
    return {
        dotted(module): {name for name in imported(module.tree, known) if name in known}
        - {dotted(module)}
        for module in every
    }


def circles(graph: Graph) -> list[list[str]]:
    """The modules that reach themselves, those of one circle together."""
    reached = {name: _reached_from(name, graph) for name in graph}
    found = {
        tuple(sorted(other for other in graph if other in reached[name] and name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return sorted(map(list, found))


def _reached_from(name: str, graph: Graph) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = graph.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def test_no_modules_of_the_launcher_and_the_image_need_each_other() -> None:
    graph = graph_of(modules("launcher", "pod_image"))
    assert sum(map(len, graph.values())) > 1500
    assert circles(graph) == []


def test_the_guard_sees_a_circle_for_types_and_one_inside_a_function() -> None:
    texts = {
        "a/one.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a.two import X\n",
        "a/two.py": "def look():\n    from a import one\n",
        "a/three.py": "import a.one\n",
        "a/__init__.py": "",
    }
    every = [Module(name, ast.parse(text)) for name, text in texts.items()]
    assert circles(graph_of(every)) == [["a.one", "a.two"]]
