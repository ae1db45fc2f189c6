"""Tests with a browser or whole processes are tried again: it tells a slow machine from a broken product."""

from __future__ import annotations

from pathlib import Path

import pytest

TRIES_AGAIN = 2
_WITH_A_BROWSER = Path(__file__).parent / "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow") or _WITH_A_BROWSER in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=TRIES_AGAIN))  # each rerun is reported
