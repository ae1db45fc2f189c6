"""No test is tried again until it passes, but for a few named with the reason; none passes by being left out."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from tests.kit.checkout import ROOT
from tests.whole.sources import modules

MOST_TRIED_AGAIN = 3
SKIPPING = """
import pytest

def test_left_out():
    pytest.skip("Chromium at /nowhere is not there")

def test_left_out_by_right():
    pytest.skip("only root can make a root folder")

def test_expected_to_fail():
    pytest.xfail("it is known")
"""


def marks() -> list[tuple[str, ast.Call | ast.expr]]:
    """Every `pytest.mark.flaky` in the tests, with the file it stands in."""
    found: list[tuple[str, ast.Call | ast.expr]] = []
    for module in modules("tests"):
        calls = {node.func: node for node in ast.walk(module.tree) if isinstance(node, ast.Call)}
        found += [
            (module.name, calls.get(node, node))
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and node.attr == "flaky"
        ]
    return found


def test_each_test_that_is_tried_again_says_why_and_they_are_few() -> None:
    for where, mark in marks():
        assert isinstance(mark, ast.Call), where
        given = {word.arg: word.value for word in mark.keywords}
        reason, reruns = given.get("reason"), given.get("reruns")
        assert isinstance(reason, ast.Constant), where
        assert len(str(reason.value)) > 20, where
        assert isinstance(reruns, ast.Constant), where
        assert reruns.value == 1, where
    assert len(marks()) <= MOST_TRIED_AGAIN


def test_nothing_tries_all_tests_again() -> None:
    for name in (".ci/run", "Makefile", "pyproject.toml", "tests/conftest.py"):
        assert "reruns" not in (ROOT / name).read_text(), name


def test_a_test_that_is_left_out_fails_where_none_may_be_but_for_what_cannot_be_had(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_some.py").write_text(SKIPPING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment |= {"LAUNCHER_SKIPS": "forbidden", "LAUNCHER_MAY_SKIP": "only root; "}
    done = subprocess.run(
        [*command, "-p", "tests.conftest", f"--rootdir={tmp_path}", "-c", os.devnull, tmp_path],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert "1 failed, 1 skipped, 1 xfailed" in done.stdout, done.stdout + done.stderr
    assert "Chromium at /nowhere is not there" in done.stdout


def test_continuous_integration_leaves_nothing_out_where_chromium_can_be_installed() -> None:
    run = (ROOT / ".ci/run").read_text()
    assert "export LAUNCHER_SKIPS=forbidden" in run
    assert "export LAUNCHER_BROWSER=required" in run
