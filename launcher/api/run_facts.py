"""What is known of a run here, read from the history each time: nobody is asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from launcher.api.desk import Desk
from launcher.domain.run import Run as KnownRun
from launcher.domain.run import RunState
from pod_image.contract.older_names import recorded_settings
from pod_image.contract.outcomes import EndReason


class RunFacts:
    """A run's facts by their names."""

    def __init__(self, desk: Desk, known: KnownRun) -> None:
        self._desk, self._known = desk, known

    @property
    def known(self) -> KnownRun:
        """All that this computer knows of the run now, without asking anybody."""
        return self._desk.bench.runs.by_nonce(self._known.nonce) or self._known

    @property
    def run_id(self) -> str:
        return self._known.run_id

    @property
    def results_repo(self) -> str:
        return self._known.results_repo

    @property
    def address(self) -> str:
        """Names it on every computer, for `attach`."""
        return self._known.address

    @property
    def state(self) -> RunState:
        return self.known.state

    @property
    def is_over(self) -> bool:
        return self.known.state is RunState.ENDED

    @property
    def end_reason(self) -> EndReason | None:
        """Why it ended; None while it goes on."""
        return self.known.end_reason

    @property
    def detail(self) -> str:
        """Its end in more words."""
        return self.known.detail

    @property
    def pod_id(self) -> str:
        return self.known.pod_id

    @property
    def gpu_name(self) -> str:
        return self.known.gpu_name

    @property
    def price_per_hour_usd(self) -> float:
        return self.known.price_per_hour_usd

    @property
    def cost_usd(self) -> float | None:
        """What it has cost, by its last word."""
        return self.known.cost_usd

    @property
    def most_usd(self) -> float:
        """What it can cost at the most."""
        return self.known.most_usd

    @property
    def created_at(self) -> datetime | None:
        return self.known.created_at

    @property
    def ended_at(self) -> datetime | None:
        return self.known.ended_at

    @property
    def deadline(self) -> datetime | None:
        """When the pod ends itself, whatever happens."""
        return self.known.deadline

    @property
    def preset(self) -> str:
        return self.known.preset

    @property
    def name(self) -> str:
        """Name that a person gave it; empty if none."""
        return self.known.labels.name

    @property
    def tags(self) -> tuple[str, ...]:
        return self.known.labels.tags

    @property
    def notes(self) -> str:
        return self.known.labels.notes

    @property
    def settings(self) -> Mapping[str, Any]:
        """Every value that applies, as it was sent."""
        return recorded_settings(self.known.settings_json)
