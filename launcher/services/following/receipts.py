"""Runs as this machine remembers them: lists, one run's receipt, sums. Loads no HTTP and no pydantic."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from launcher.domain.cost import cost_usd
from launcher.domain.delivery import Delivery, known_delivery
from launcher.domain.run import Run
from launcher.stores.runs import RecordKind, RunHistory
from pod_image.contract.figures import about, duration

IDLE = "idle"
"""The stretch of a run that no phase explains."""
WAY_TO_TRAINING = {
    "image_pull": "image",
    "container": "container",
    "armed": "armed",
    "dataset_there": "data",
    "first_step": "first step",
}
"""Moments of the time line, and what they are called in a receipt."""


@dataclass(frozen=True)
class Slice:
    """A stretch of a run: what it took and cost. `name` is a phase, or IDLE."""

    name: str
    seconds: float
    cost_usd: float


@dataclass(frozen=True)
class Receipt:
    """What a run was expected to cost, what it metered itself, what was billed, and where the time went."""

    run: Run
    planned_usd: float | None
    worst_case_usd: float | None
    metered_usd: float | None
    billed_usd: float | None
    """None while the provider has no figure: bills lag."""
    seconds: float | None
    slices: tuple[Slice, ...]
    time_line: dict[str, datetime]
    """First moments of: planned, created, image_pull, container, armed, each phase, first_step, ended, gone."""
    pace: Mapping[str, Any] = field(default_factory=dict)
    """How the machine did while it trained, once the run has ended: `steps_per_second`, `data_wait_share`, ..."""
    gpu_idle: Mapping[str, Any] = field(default_factory=dict)
    """The rented time in which no GPU was busy: `watched_seconds`, `idle_seconds`, and `phases` where that was."""
    delivery: Delivery | None = None
    """What reached the results repo; None while the pod has not said."""
    last_lines: tuple[str, ...] = ()
    """The last output of its programs, if it did not end well."""
    machine: Mapping[str, Any] = field(default_factory=dict)
    """What is known of the host: `gpu`, `data_center`, `cloud`, and in `tried` how its parts did."""

    @property
    def waits(self) -> tuple[tuple[str, float], ...]:
        """Seconds from the create to each step of the way to training, as far as it came."""
        start = self.time_line.get("created")
        if start is None:
            return ()
        return tuple(
            (words, (self.time_line[name] - start).total_seconds())
            for name, words in WAY_TO_TRAINING.items()
            if name in self.time_line
        )

    @property
    def gpu_idle_text(self) -> str:
        """Such as "21 % of 8 min 20 s, about $0.02: boot 1 min 10 s, export 35 s"; empty where nothing is known."""
        watched = float(self.gpu_idle.get("watched_seconds") or 0.0)
        if not watched:
            return ""
        idle = float(self.gpu_idle.get("idle_seconds") or 0.0)
        cost = about(cost_usd(self.run.price_per_hour_usd, idle))
        parts = sorted(self.gpu_idle.get("phases") or (), key=lambda each: -each["seconds"])
        where = [
            f"{each['name']} {duration(each['seconds'])}" for each in parts if each["seconds"] >= 1
        ]
        words = f"{idle / watched:.0%} of {duration(watched)}".replace("%", " %")
        return ": ".join(part for part in (f"{words}, {cost}", ", ".join(where)) if part)


def receipt(history: RunHistory, run: Run) -> Receipt:
    """The receipt of a run, also of one that still goes on: with what is known by now."""
    planned = history.kept(run, RecordKind.ESTIMATE) or {}
    ended = history.kept(run, RecordKind.ENDED) or {}
    lived = run.lasted_seconds()
    time_line = history.moments(run)
    return Receipt(
        run=run,
        planned_usd=planned.get("cost_usd"),
        worst_case_usd=planned.get("worst_case_usd"),
        metered_usd=run.cost_usd,
        billed_usd=run.billed_usd,
        seconds=lived,
        slices=_slices(_phases(ended, time_line), lived, run.price_per_hour_usd),
        time_line=time_line,
        pace=ended.get("pace") or {},
        gpu_idle=ended.get("gpu_idle") or {},
        last_lines=tuple(ended.get("last_lines") or ()),
        delivery=known_delivery(run.not_delivered, ended, run.results_repo),
        machine=history.kept(run, RecordKind.MACHINE) or {},
    )


@dataclass(frozen=True)
class Costs:
    """Sums over runs, in USD. `known_usd` counts every run once: as billed, as metered while no bill is known."""

    runs: int
    known_usd: float
    metered_usd: float
    billed_usd: float
    unbilled_runs: int


class Paid(Protocol):
    """A run, as far as money goes."""

    @property
    def pod_id(self) -> str: ...
    @property
    def told_pod_id(self) -> str: ...
    @property
    def is_from_repo(self) -> bool: ...
    @property
    def cost_usd(self) -> float | None: ...
    @property
    def billed_usd(self) -> float | None: ...


def costs(runs: Iterable[Paid]) -> Costs:
    """What these runs cost together; one that is known from its repo alone where this account was billed for it."""
    known = list(runs)
    pods = {run.pod_id for run in known if run.pod_id}
    listed = [run for run in known if run.pod_id or _was_paid_here(run, pods)]
    return Costs(
        runs=len(listed),
        known_usd=sum(
            (run.cost_usd if run.billed_usd is None else run.billed_usd) or 0.0 for run in listed
        ),
        metered_usd=sum(run.cost_usd or 0.0 for run in listed),
        billed_usd=sum(run.billed_usd or 0.0 for run in listed),
        unbilled_runs=sum(run.billed_usd is None for run in listed),
    )


def _was_paid_here(run: Paid, pods: Container[str]) -> bool:
    """What a repo says of a cost is anybody's word; a bill of this account is not, unless another run has that pod."""
    return run.is_from_repo and run.billed_usd is not None and run.told_pod_id not in pods


def _phases(ended: Mapping[str, Any], time_line: Mapping[str, datetime]) -> list[tuple[str, float]]:
    """Seconds of each phase. Waiting for machine and image is boot too: it is paid like the rest."""
    phases = {str(each["name"]): float(each["seconds"]) for each in ended.get("phases") or ()}
    if phases and "boot" in time_line and "created" in time_line:
        waited = (time_line["boot"] - time_line["created"]).total_seconds()
        phases = {"boot": max(0.0, waited) + phases.pop("boot", 0.0), **phases}
    return list(phases.items())


def _slices(
    phases: Iterable[tuple[str, float]], lived: float | None, price_per_hour_usd: float
) -> tuple[Slice, ...]:
    named = list(phases)
    if lived is not None and named:
        named.append((IDLE, max(0.0, lived - sum(seconds for _, seconds in named))))
    return tuple(Slice(name, secs, cost_usd(price_per_hour_usd, secs)) for name, secs in named)
