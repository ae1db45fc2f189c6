"""Which tests wait for their own command, and which are tried again on a slow machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

TRIES_AGAIN = 2
_HERE = Path(__file__).parent
_BY_THEIR_OWN_COMMAND = {
    _HERE / "browser": ("LAUNCHER_BROWSER", "make test-browser"),
    _HERE / "image" / "test_dockerfile.py": ("LAUNCHER_IMAGE_TEST", "make test-image"),
}
"""Minutes of a browser or of a Debian built from nothing: asked for by name, not with every run."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "flaky(reruns): tried again before it counts as broken")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        _leave_to_its_command(item)
        if item.get_closest_marker("slow"):
            # Whole processes on a shared machine: a second try tells slowness from a fault; reruns are reported.
            item.add_marker(pytest.mark.flaky(reruns=TRIES_AGAIN))


def _leave_to_its_command(item: pytest.Item) -> None:
    for place, (variable, command) in _BY_THEIR_OWN_COMMAND.items():
        is_there = place == item.path or place in item.path.parents
        is_dear = place.is_dir() or item.get_closest_marker("slow")
        if is_there and is_dear and not os.environ.get(variable):
            item.add_marker(pytest.mark.skip(reason=f"runs by {command}"))
