"""Which tests wait for their own command, and which are tried again on a slow machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" not in os.environ:
    # What the Hub's library remembers between runs is neither read nor left behind. It is set here,
    # before anything imports that library; workers inherit it.
    os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="launcher-tests-hf-")

TRIES_AGAIN = 2
_HERE = Path(__file__).parent
_BY_THEIR_OWN_COMMAND = {
    _HERE / "image" / "test_dockerfile.py": ("LAUNCHER_IMAGE_TEST", "make test-image"),
}
"""Minutes of a Debian built from nothing: asked for by name, not with every run."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "flaky(reruns): tried again before it counts as broken")


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        _leave_to_its_command(item)
        if item.get_closest_marker("slow"):
            # Whole processes on a shared machine: a second try tells slowness from a fault; reruns are reported.
            item.add_marker(pytest.mark.flaky(reruns=TRIES_AGAIN))


def _leave_to_its_command(item: pytest.Item) -> None:
    found = _BY_THEIR_OWN_COMMAND.get(item.path)
    if found is None or not item.get_closest_marker("slow"):
        return
    variable, command = found
    if not os.environ.get(variable):
        item.add_marker(pytest.mark.skip(reason=f"runs by {command}"))
