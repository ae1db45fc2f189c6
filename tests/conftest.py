"""For all tests: where the Hub's library keeps things, one thread for each process, which tests are slow, and that
nothing is left out where all of it can be run.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.kit.checkout import ROOT
from tests.quick import budget_seconds, is_slow

if "PYTEST_XDIST_WORKER" not in os.environ:
    # What the Hub's library remembers between runs is neither read nor left behind. It is set here,
    # before anything imports that library; workers inherit it.
    os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="launcher-tests-hf-")

# Small networks gain nothing from threads, and those that wait for each other burn what other tests need: a step
# of training took four times the processor's time with two. It is read when torch is loaded; children inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Under nohup a closed terminal ends nothing, nor does Ctrl-C in a shell's background, and the program would be seen
# to do just that; children inherit it.
if os.name == "posix":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)

SKIPS = "LAUNCHER_SKIPS"
"""`forbidden` makes every skip a failure; continuous integration says so."""
MAY_SKIP = "LAUNCHER_MAY_SKIP"
"""Of those, words of the reasons that hold on this machine, with a semicolon between two: `Chromium;only root`."""


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    if budget_seconds() is None or not collection_path.is_relative_to(ROOT):
        return None
    return is_slow(collection_path.relative_to(ROOT).as_posix()) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_slow(item.nodeid):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    began, budget = _processor_seconds(), budget_seconds()
    yield
    spent = _processor_seconds() - began
    if budget is not None and spent > budget:
        pytest.fail(
            f"It took {spent:.1f} s of the processor: name it in tests/slow.txt.", pytrace=False
        )


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _forbid_skip(report)
    return report


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not report.skipped or os.environ.get(SKIPS) != "forbidden":
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    allowed = [words for words in os.environ.get(MAY_SKIP, "").split(";") if words.strip()]
    if any(words.strip() in reason for words in allowed):
        return
    report.outcome = "failed"
    report.longrepr = (
        f"This test was left out, and {SKIPS}=forbidden says that none may be. {reason}"
    )
