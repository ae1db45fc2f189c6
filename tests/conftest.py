"""Where the Hub's library keeps things during tests, and which tests are tried again on a slow machine."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest

if "PYTEST_XDIST_WORKER" not in os.environ:
    # What the Hub's library remembers between runs is neither read nor left behind. It is set here,
    # before anything imports that library; workers inherit it.
    os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="launcher-tests-hf-")

TRIES_AGAIN = 2


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "flaky(reruns): tried again before it counts as broken")


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow"):
            # Whole processes on a shared machine: a second try tells slowness from a fault; reruns are reported.
            item.add_marker(pytest.mark.flaky(reruns=TRIES_AGAIN))
