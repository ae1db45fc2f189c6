"""All runs that live, at every place, as one table: what each does now, what it costs, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from launcher.domain.cost import cost_usd
from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture
from launcher.services.common.places import place_of_run
from launcher.services.live.live_runs import Live
from pod_image.contract.bodies import MachineReading
from pod_image.contract.outcomes import Phase

SILENT = timedelta(seconds=75)
"""A pod gives a sign of life every thirty seconds; older figures are said to be old."""
TAKES_TO_GO = timedelta(minutes=2)
"""From the deadline to the pod's end; longer is a problem."""


@dataclass(frozen=True)
class LiveRow:
    """One run that lives. None stands for what its pod has not told."""

    run: Run
    place: str
    """Name of the provider, as sentences use it."""
    phase: Phase | None
    step: int | None
    total_steps: int | None
    seconds_left: float | None
    steps_per_second: float | None
    gpu_use_percent: float | None
    """Mean of its GPUs."""
    cost_usd: float
    cost_per_minute_usd: float
    cap_usd: float
    """The most that it can cost."""
    heard_at: datetime | None
    """When its pod said the newest that is known."""
    is_silent: bool
    """Nothing was heard for a while: the figures are those of `heard_at`."""
    problem: str = ""
    is_measured_by_place: bool = False
    """The GPU use is what the place measures, since the pod tells nothing."""


@dataclass(frozen=True)
class Fleet:
    """In the order they were planned, the newest first."""

    rows: tuple[LiveRow, ...] = ()

    @property
    def cost_per_minute_usd(self) -> float:
        return sum(row.cost_per_minute_usd for row in self.rows)

    @property
    def cost_usd(self) -> float:
        return sum(row.cost_usd for row in self.rows)

    @property
    def cap_usd(self) -> float:
        """The most that all of them can cost together."""
        return sum(row.cap_usd for row in self.rows)

    @property
    def silent(self) -> Sequence[LiveRow]:
        """Those with a pod that was not heard lately."""
        return [row for row in self.rows if row.is_silent and row.run.pod_id]


def fleet_of(
    live: Live, now: datetime, measured: Mapping[str, MachineReading] = MappingProxyType({})
) -> Fleet:
    """What this process knows now. Asks nobody. `measured`: by the nonce of a run, what its place measures."""
    return Fleet(
        tuple(
            _row(
                run,
                live.known_picture(run),
                now,
                live.troubles.get(run.nonce, ""),
                measured.get(run.nonce),
            )
            for run in live.live_runs
        )
    )


def spent_usd(run: Run, now: datetime) -> float:
    """What its pod has cost by now: by its age, since that is billed, and never less than the pod's own word."""
    if not run.pod_id:
        return run.cost_usd or 0.0
    seconds = max(0.0, (now - (run.created_at or run.planned_at)).total_seconds())
    return max(cost_usd(run.price_per_hour_usd, seconds), run.cost_usd or 0.0)


def _row(
    run: Run, told: RunPicture, now: datetime, trouble: str, measured: MachineReading | None
) -> LiveRow:
    step = told.step
    is_silent = told.heard_at is None or now - told.heard_at > SILENT
    reading = measured if is_silent else None
    return LiveRow(
        run=run,
        place=place_of_run(run).title,
        phase=told.phase,
        step=step.step if step else None,
        total_steps=step.total_steps if step else None,
        seconds_left=step.seconds_left if step else None,
        steps_per_second=step.steps_per_second if step else None,
        gpu_use_percent=_gpu_use(reading or (told.machine.body if told.machine else None)),
        is_measured_by_place=reading is not None,
        cost_usd=max(spent_usd(run, now), told.cost_usd or 0.0),
        cost_per_minute_usd=run.price_per_hour_usd / 60 if run.pod_id else 0.0,
        cap_usd=run.most_usd,
        heard_at=told.heard_at,
        is_silent=is_silent,
        problem=trouble or _overdue(run, now),
    )


def _overdue(run: Run, now: datetime) -> str:
    is_overdue = run.deadline is not None and now - run.deadline > TAKES_TO_GO
    return "Past its deadline, and we could not confirm that it was removed." if is_overdue else ""


def _gpu_use(reading: MachineReading | None) -> float | None:
    gpus = reading.gpus if reading is not None else ()
    used = [gpu.use_percent for gpu in gpus if gpu.use_percent is not None]
    return sum(used) / len(used) if used else None
