"""What of a stream of observations is told to somebody who does not look."""

from __future__ import annotations

from launcher.domain.run import Run
from launcher.services.common.observations import (
    EventSeen,
    Observation,
    RawObservation,
    RunEnded,
    Tick,
)
from launcher.services.common.workbench import Workbench
from launcher.stores.runs import RecordKind


def tell(bench: Workbench, run: Run, seen: RawObservation | Observation) -> None:
    """Hand it to the bench's teller. Waits for nothing, and never raises."""
    now = bench.provider_now()
    match seen:
        case EventSeen(event=event):
            bench.teller.heard(run, event, now)
        case Tick():
            bench.teller.time_is(run, now)
        case RunEnded(run=ended):
            bench.teller.is_over(ended, now)


def tell_where_pod_tells(bench: Workbench, run: Run) -> None:
    """Say to the teller at which addresses the run's own pod tells, as its launch has noted."""
    noted = bench.runs.kept(run, RecordKind.TOLD_BY_POD) or {}
    bench.teller.pod_tells(run, map(str, noted.get("marks", ())))
