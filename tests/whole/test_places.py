"""What is one place's alone is known in its folders alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.whole.sources import Module, modules

NEUTRAL = (
    "launcher/domain",
    "launcher/forms",
    "launcher/hub",
    "launcher/services",
    "launcher/ui",
    "launcher/workshop",
)
NAMES = ("runpod",)


def named(module: Module) -> Iterator[str]:
    """Where a place stands in the code or in what it says."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Constant(value=str(text)) | ast.Name(id=text) | ast.Attribute(attr=text):
                if any(name in text.lower() for name in NAMES):
                    yield f"{module.name}:{node.lineno}: {text[:60]}"


def test_services_and_pages_name_no_place() -> None:
    assert [line for module in modules(*NEUTRAL) for line in named(module)] == []


def test_the_guard_sees_a_place_in_words_names_and_attributes() -> None:
    tree = ast.parse("x = 'Ask RunPod.'\nRUNPOD_URL = keys.runpod\n")
    assert len(list(named(Module("x.py", tree)))) == 3
