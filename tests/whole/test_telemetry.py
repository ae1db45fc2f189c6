"""What is installed beside us reports nothing behind a person's back, whichever of the two packages is loaded."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.whole.sources import modules


@pytest.mark.parametrize("package", ["launcher", "pod_image"])
def test_the_runtime_that_speaks_is_told_to_report_nothing(package: str) -> None:
    program = f"import os, {package}; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    without = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    said = subprocess.check_output([sys.executable, "-c", program], text=True, env=without)
    assert said.strip() == "1"


def test_a_person_who_wants_to_report_still_can() -> None:
    program = "import os, launcher; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    chosen = {**os.environ, "ORT_DISABLE_TELEMETRY": "0"}
    said = subprocess.check_output([sys.executable, "-c", program], text=True, env=chosen)
    assert said.strip() == "0"


def test_the_hubs_library_is_loaded_by_the_package_alone_that_sets_its_environment() -> None:
    """What it reads of the environment decides whether a token that lies around is sent, and what is reported."""
    elsewhere = [
        module.name
        for module in modules("launcher", "pod_image")
        if not module.name.startswith("pod_image/hub/")
        for node in loaded_at_runtime(module.tree)
        if any(name.partition(".")[0] == "huggingface_hub" for name in imported(node))
    ]
    assert elsewhere == []


def loaded_at_runtime(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those below `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not is_for_types:
            yield node
            yield from loaded_at_runtime(node)


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
