"""What the README shows is what the program prints: the plan, and the words of the demo."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import Shell
from tests.kit.checkout import ROOT

README = (ROOT / "README.md").read_text("utf-8")
DIFFERS = re.compile(r"\b[0-9a-f]{8,12}\b|\bv?\d+\.\d+\.\d+\b")
"""What another commit, another plan or another release has: hashes, and versions."""


def block(first: str) -> list[str]:
    """The lines of the indented block that begins with this one, without the indent."""
    shown = README.split(f"    {first}\n")[1].split("\n\n")[0]
    return [
        first,
        *(line.removeprefix("    ") for line in shown.splitlines() if line.startswith("    ")),
    ]


def test_the_plan_of_the_readme_is_what_plan_says_of_the_demos_clips(
    shell: Shell, demo_dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "104")
    said = shell(
        "plan", "--preset", "quick-check", "--dataset-repo", demo_dataset, "--results-repo", "demo/voice",
    ).out  # fmt: skip
    shown = "\n".join(block("Plan for run-01"))
    assert DIFFERS.sub("…", shown) in DIFFERS.sub("…", said)


def test_the_words_of_the_demo_are_the_programs_own() -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "launcher/cli").glob("demo*.py"))
    code = re.sub(r'"\s*\n\s*f?"', "", code).replace("\\n", " ")
    first = "RunPod, Hugging Face and the image registries are simulated on this computer;"
    lines = block(first)[:2]
    assert [line in code for line in lines] == [True, True], lines
