"""What a look finds is one kind of thing everywhere: in a dataset, an account, a plan."""

from __future__ import annotations

import ast

import pytest

from pod_image.contract.findings import Finding, Severity
from pod_image.dataset import Code
from tests.kit.checkout import ROOT


def classes_called(ending: str) -> list[str]:
    found = []
    for package in ("launcher", "pod_image"):
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            named = [each.name for each in ast.walk(tree) if isinstance(each, ast.ClassDef)]
            found += [
                f"{path.relative_to(ROOT)}: {name}" for name in named if name.endswith(ending)
            ]
    return found


@pytest.mark.parametrize("name", ["Finding", "Severity", "Remark"])
def test_there_is_one_class_for_what_is_found_and_one_for_how_grave_it_is(name: str) -> None:
    there = [f"pod_image/contract/findings.py: {name}"] if name != "Remark" else []

    assert classes_called(name) == there


@pytest.mark.parametrize("code", Code)
def test_a_finding_of_a_dataset_is_as_grave_as_its_code(code: Code) -> None:
    found = code.finding("metadata.csv line 12", "It is so.", "Change it.")

    assert found == Finding(code.severity, code, "It is so.", "Change it.", "metadata.csv line 12")
    assert isinstance(found.severity, Severity)
    assert found.code == code.value
