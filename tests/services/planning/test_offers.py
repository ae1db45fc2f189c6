"""Offers of several places, and how long one is waited for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from launcher.errors import NothingAvailable
from launcher.services.planning.compose import compose
from launcher.services.planning.offers import wait_for_stock
from tests.kit.virtual_time import in_virtual_time
from tests.providers.meadow import Meadow, MeadowProvider
from tests.services.harness import LauncherHarness


@in_virtual_time
async def test_a_machine_of_ones_own_ends_no_waiting_for_one_to_rent(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.catalogue.stock = {}
    bench = replace(harness.bench, others={"meadow": MeadowProvider(Meadow())})  # always free
    settings = compose(None, {"recipe": "command", "argv": ["true"]}, check_required=False).settings
    with pytest.raises(NothingAvailable):
        await wait_for_stock(bench, settings, (), timedelta(minutes=1))
    found = await wait_for_stock(bench, settings, ("meadow",), timedelta(minutes=1))
    assert [each.place.name for each in found.fitting] == ["meadow"]
