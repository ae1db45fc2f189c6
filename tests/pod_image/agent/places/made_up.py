"""Two places that there are not: a barn, left by its gate, and a shed, where a pod ends with its program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from pod_image.agent import places
from pod_image.agent.places.base import PodReading, PodUnreadable, Way
from pod_image.contract import places as contract
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.places import PlaceVariables
from tests.kit.virtual_time import now_seconds


@dataclass
class Yard:
    """Where barn and shed stand: who is in, and since when."""

    made_at: dict[str, float] = field(default_factory=dict)
    is_silent: bool = False


YARD = Yard()


@dataclass(frozen=True)
class YardPod:
    """See `pod_image.agent.places.base.OwnPod`."""

    place: str
    pod_id: str
    ways: tuple[Way, ...] = ()

    @property
    def title(self) -> str:
        return f"the {self.place}"

    powerless = ""
    proof = "looked around"
    is_rented = True
    is_stand_in = True

    async def read(self) -> PodReading:
        if YARD.is_silent:
            raise PodUnreadable("nobody answers", is_final=False)
        if self.pod_id not in YARD.made_at:
            raise PodUnreadable("there is nobody of that name", is_final=True)
        return PodReading(YARD.made_at[self.pod_id], 0.25, now_seconds())

    async def take(self, way: str) -> bool:
        if YARD.is_silent:
            return False
        YARD.made_at.pop(self.pod_id, None)
        return True

    def as_told(self) -> Mapping[str, str]:
        return {"place": self.place, "pod_id": self.pod_id}


def build_yard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both places are there until the test ends."""
    YARD.made_at.clear()
    for place, ways in (("barn", (Way("gate"),)), ("shed", ())):
        variables = PlaceVariables(f"{place.upper()}_POD", "", "")

        def from_environment(
            environment: Mapping[str, str],
            http: object,
            place: str = place,
            ways: tuple[Way, ...] = ways,
        ) -> YardPod:
            return YardPod(place, environment.get(f"{place.upper()}_POD", ""), ways)

        def from_told(
            told: Mapping[str, str], http: object, ways: tuple[Way, ...] = ways
        ) -> YardPod:
            return YardPod(told["place"], told["pod_id"], ways)

        monkeypatch.setitem(contract.PLACES, place, variables)
        monkeypatch.setitem(places._FROM_ENVIRONMENT, place, from_environment)
        monkeypatch.setitem(places._FROM_TOLD, place, from_told)


class YardStage:
    """A pod in the yard."""

    def __init__(self, place: str, folder: Path) -> None:
        YARD.is_silent = False
        self._pod_id = f"{place}-{folder.name}"
        YARD.made_at[self._pod_id] = now_seconds()
        self.environment: Mapping[str, str] = {
            f"{place.upper()}_POD": self._pod_id,
            RUN_VARIABLE: f'{{"place": "{place}"}}',
        }

    def http(self) -> httpx.AsyncClient:
        raise OSError("there is no HTTP in a yard")

    @property
    def is_paid(self) -> bool:
        return self._pod_id in YARD.made_at

    def remove(self) -> None:
        del YARD.made_at[self._pod_id]

    def silence(self) -> None:
        YARD.is_silent = True
