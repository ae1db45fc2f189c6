"""Names that a newcomer could not guess were given up; this keeps them from coming back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.whole.sources import Module, modules

RETIRED = {
    "asleep": "frozen",
    "canaries": "machine trial",
    "canary": "machine trial",
    "company": "distributed",
    "glimpse": "raw observation",
    "glimpses": "raw observations",
    "harmless": "plain text",
    "latch": "attempt state",
    "rehearsal": "forward result",
    "rehearse": "forward",
    "sighting": "observation",
    "sightings": "observations",
    "sky": "harness",
    "studio": "speak panel",
    "unstoppable": "uninterrupted",
    "wording": "hints",
}
"""Nowhere in a name. Words that travel or were written (events, checkpoints, the history) stay as data."""
RETIRED_ALONE = {
    "arms": "checks",
    "belonging": "account of a run",
    "board": "pod list",
    "plant": "planted bug",
    "plants": "planted bugs",
    "run_words": "text",
    "scene": "page state",
    "scenes": "page states",
    "stand": "harness",
    "takes": "spoken texts",
    "words": "text",
}
"""Good English in a longer name, and saying nothing as the whole of one."""
FILES_OF_MANY = {
    "errors.py": {"launcher/errors.py"},
    "results.py": {"launcher/cli/commands/results.py"},
}
"""A module of such a name says nothing of whose they are; one is the tree of errors, one the command's."""


def parts_of(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_").split("_")


def why_retired(name: str) -> str:
    """What to say instead, or ""."""
    parts = parts_of(name)
    instead = [RETIRED[part] for part in parts if part in RETIRED]
    return "; ".join(instead) or RETIRED_ALONE.get("_".join(parts), "")


def names_in(module: Module) -> Iterator[str]:
    """The module's own name, and those of its classes and functions; a test's name is a sentence."""
    yield PurePosixPath(module.name).stem.removeprefix("test_")
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("test_"):
            yield node.name


def test_no_retired_name_comes_back() -> None:
    every = modules("launcher", "pod_image", "tests")
    assert len(every) > 600
    assert [
        f"{module.name}: {name} (say {instead})"
        for module in every
        for name in names_in(module)
        if (instead := why_retired(name))
    ] == []


@pytest.mark.parametrize(
    ("name", "is_retired"),
    [
        ("LatchFile", True),
        ("gpu_canary", True),
        ("_words", True),
        ("TensorBoard", False),
        ("takes_instructions", False),
        ("GlimpseQueue", True),
    ],
)
def test_the_guard_tells_a_retired_name_from_a_good_one(name: str, is_retired: bool) -> None:
    assert bool(why_retired(name)) is is_retired


def test_a_module_says_whose_errors_and_results_it_holds() -> None:
    for stem, kept in FILES_OF_MANY.items():
        named = {
            m.name for m in modules("launcher", "pod_image", "tests") if m.name.endswith(f"/{stem}")
        }
        assert named == kept
