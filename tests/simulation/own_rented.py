"""A run on a machine of one's own with the fields of a pod, so that both are judged alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.own_runs import OwnContainer, OwnRun

LATE_SECONDS = 260.0
"""After its deadline a run whose agent hangs is ended by its first process, which looks every minute."""


@dataclass(frozen=True)
class RentedRun:
    """`is_live`: any process of it lives, or its GPU is not given back."""

    run: OwnRun = field(repr=False)

    @property
    def id(self) -> str:
        return self.run.place.pod_id

    @property
    def is_live(self) -> bool:
        return self.run.is_alive

    @property
    def status(self) -> str:
        return "RUNNING" if self.is_live else "EXITED"

    @property
    def created_at(self) -> float:
        return self.run.began

    @property
    def name(self) -> str:
        return str(self.run.order["name"])

    @property
    def env(self) -> Mapping[str, str]:
        """What stands in the order that lies in its folder."""
        found: Mapping[str, str] = self.run.order["environment"]
        return found

    @property
    def price_usd(self) -> float:
        return 0.0

    @property
    def container(self) -> OwnContainer | None:
        return self.run.container if self.is_live else None
