"""docs/cli.md lists the variables that a person can set: each that our texts or keys name, and no other."""

from __future__ import annotations

import re

import pytest

from launcher.stores.secrets import KeyName
from tests.kit.checkout import ROOT
from tests.whole.people_read import texts

_OURS = re.compile(r"\bLAUNCHER_[A-Z_]+\b")
_FROM_US_TO_US = re.compile(
    r"LAUNCHER_(RUN|NONCE|FOLDER|RESUMED|RESUME_DIR|SECRET_|NEWS_\w+|MACHINE_FOLDER)$"
)
"""What one program of ours sets for another, or for a command in its pod."""


def _listed() -> set[str]:
    page = (ROOT / "docs/cli.md").read_text("utf-8")
    table = page.split("\n## Environment variables\n")[1].split("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])}


def test_every_variable_of_a_key_is_listed() -> None:
    assert {key.variable for key in KeyName} <= _listed()


def test_every_variable_of_ours_that_a_text_names_is_listed() -> None:
    named = {
        name
        for text in texts(_OURS)
        if text.place.startswith("launcher/")
        for name in _OURS.findall(text.words)
        if not _FROM_US_TO_US.match(name)
    }
    assert "LAUNCHER_HOME" in named
    assert named <= _listed()


@pytest.mark.parametrize("name", sorted(_listed()))
def test_what_is_listed_is_read_by_the_program(name: str) -> None:
    stem = name.removeprefix("RUNPOD")  # the address of a place is read by what its name ends with
    sources = [*(ROOT / "launcher").rglob("*.py"), *(ROOT / "pod_image").rglob("*.py")]
    assert any(stem in path.read_text("utf-8") for path in sources)
