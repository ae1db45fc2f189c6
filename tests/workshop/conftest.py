"""A Hub emulator for each test, and the Hub as a person with the right to write sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.emulator.hub import HubEmulator
from pod_image.hub import Hub
from tests.kit.hub_access import hub_of


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[HubEmulator]:
    with HubEmulator(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def hub(emulator: HubEmulator) -> Hub:
    return hub_of(emulator)
