"""`make quick` leaves out what slow.txt names, and nothing else; what costs too much has to be named there."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import pytest_ignore_collect
from tests.kit.checkout import ROOT
from tests.quick import QUICK, SLOW, is_slow

COSTLY = """
import os

def test_costly():
    ended = sum(os.times()[:2]) + 1.0
    while sum(os.times()[:2]) < ended:
        pass

def test_cheap():
    pass
"""


@pytest.mark.parametrize("name", SLOW)
def test_everything_that_is_named_slow_is_there_and_has_a_reason(name: str) -> None:
    path, _, test = name.partition("::")
    assert (ROOT / path).exists()
    if test:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        functions = ast.FunctionDef | ast.AsyncFunctionDef
        assert test in {node.name for node in tree.body if isinstance(node, functions)}
    (line,) = [
        line
        for line in (ROOT / "tests/slow.txt").read_text("utf-8").splitlines()
        if line.split()[:1] == [name]
    ]
    assert len(line.split()) > 1


def test_a_name_covers_what_is_in_it_and_not_what_begins_alike() -> None:
    slow = ("tests/a", "tests/b/test_c.py", "tests/d.py::test_e")
    for name in ("tests/a/x.py::test_y", "tests/b/test_c.py::test_z", "tests/d.py::test_e[1]"):
        assert is_slow(name, slow)
    for name in ("tests/ab/x.py", "tests/b/test_cc.py", "tests/d.py::test_ee", "tests/d.py"):
        assert not is_slow(name, slow)


def test_what_is_slow_is_not_even_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    browser, domain = ROOT / "tests/browser", ROOT / "tests/domain"
    monkeypatch.delenv(QUICK, raising=False)
    assert pytest_ignore_collect(browser) is None
    monkeypatch.setenv(QUICK, "6")
    assert pytest_ignore_collect(browser) is True
    assert pytest_ignore_collect(domain) is None


def test_what_costs_too_much_fails(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(COSTLY)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    words += ["-p", "tests.conftest"]
    done = subprocess.run(
        [*words, f"--rootdir={tmp_path}", "-c", os.devnull, tmp_path],
        cwd=ROOT,
        env=environment | {QUICK: "0.5"},
        capture_output=True,
        text=True,
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "name it in tests/slow.txt" in done.stdout


def test_make_quick_runs_what_is_not_slow() -> None:
    done = subprocess.run(["make", "-n", "quick"], cwd=ROOT, capture_output=True, text=True)
    assert re.search(
        r'LAUNCHER_QUICK=\d+ .*pytest .*-m "not slow" tests$', done.stdout, re.MULTILINE
    )
