"""Where the Hub's library keeps things during tests, and that nothing is left out where all of it can be run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator

import pytest

if "PYTEST_XDIST_WORKER" not in os.environ:
    # What the Hub's library remembers between runs is neither read nor left behind. It is set here,
    # before anything imports that library; workers inherit it.
    os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="launcher-tests-hf-")

SKIPS = "LAUNCHER_SKIPS"
"""`forbidden` makes every skip a failure; continuous integration says so."""
MAY_SKIP = "LAUNCHER_MAY_SKIP"
"""Of those, words of the reasons that hold on this machine, with a semicolon between two: `Chromium;only root`."""


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)


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
