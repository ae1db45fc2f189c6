"""The place that docs/providers.md writes out does in its pods what any has to do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from pod_image.agent import places
from pod_image.agent.places.base import PodUnreadable
from pod_image.agent.release import release_for_ever
from pod_image.agent.timing import Timing
from pod_image.contract import places as contract
from pod_image.contract.environment import RUN_VARIABLE
from tests.kit.clocks import MachineClock
from tests.kit.virtual_time import in_virtual_time, now_seconds
from tests.kit.worked_example import worked_example
from tests.pod_image.agent.places.conformance import PodPlaceConformance, PodStage


class PaddockStage:
    """A pod in the paddock: it ends with its program, so nobody else ends it."""

    def __init__(self) -> None:
        self.is_paid = True
        self.environment: Mapping[str, str] = {
            "PADDOCK_POD": "p0",
            "PADDOCK_SINCE": str(now_seconds()),
            RUN_VARIABLE: '{"place": "paddock"}',
        }

    def http(self) -> httpx.AsyncClient:
        raise OSError("there is no HTTP in a paddock")

    def remove(self) -> None:
        self.is_paid = False

    def silence(self) -> None: ...


class TestThePlaceOnThePage(PodPlaceConformance):
    place = "paddock"

    @pytest.fixture(autouse=True)
    def _registered(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The lines of registration that the page speaks of."""
        example = worked_example()
        monkeypatch.setitem(contract.PLACES, "paddock", example.PADDOCK_VARIABLES)
        pod = example.PaddockPod
        monkeypatch.setitem(places._FROM_ENVIRONMENT, "paddock", pod.from_environment)
        monkeypatch.setitem(places._FROM_TOLD, "paddock", pod.from_told)

    def stage(self, folder: Path) -> PodStage:
        return PaddockStage()

    @in_virtual_time
    async def test_a_pod_that_is_gone_is_told_so_for_good(self, tmp_path: Path) -> None:
        """Its program is gone with it: there is nobody who could be told, and no way that could be tried."""
        pod = self.pod(self.stage(tmp_path))
        assert pod.ways == ()
        assert not await pod.take("gate")

    @in_virtual_time
    async def test_a_pod_that_was_not_told_its_time_does_not_begin(self) -> None:
        pod = worked_example().PaddockPod("p0", "")
        with pytest.raises(PodUnreadable) as caught:
            await pod.read()
        assert caught.value.is_final

    @in_virtual_time
    async def test_the_release_ends_the_price_and_returns_only_where_the_container_ends_the_pod(
        self, tmp_path: Path
    ) -> None:
        said = list[str]()
        async with asyncio.timeout(Timing().gone_seconds):
            pod = self.pod(self.stage(tmp_path))
            await release_for_ever(pod, MachineClock(), Timing(), said.append)
        assert "ends with this container" in said[0]
