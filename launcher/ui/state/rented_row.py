"""What a rented GPU has cost by now, and whether something is wrong with its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from launcher.domain.run import Run, RunState
from launcher.services.common.places import place_of_run
from launcher.services.live.fleet import TAKES_TO_GO, spent_usd
from launcher.services.live.live_runs import Live
from launcher.ui.text import clock, per_hour
from pod_image.contract.figures import about


@dataclass(frozen=True)
class Rented:
    """One pod that may cost money now. `problem` says what is wrong, in red."""

    run: Run
    seconds: float
    cost_usd: float
    is_watched: bool
    problem: str = ""

    @property
    def text(self) -> str:
        gpu = self.run.gpu_name or "GPU"
        if not self.run.pod_id:
            return f"{self.run.run_id} · {gpu} is being rented"
        parts = [
            self.run.run_id,
            f"1 {gpu} rented",
            per_hour(self.run.price_per_hour_usd),
            clock(self.seconds),
            f"{about(self.cost_usd)} so far",
        ]
        if self.problem:
            parts.insert(1, self.problem)
        elif not self.is_watched:
            parts.append(f"enter the {place_of_run(self.run).title} key to see it live")
        return " · ".join(parts)


def rented_now(live: Live, now: datetime) -> list[Rented]:
    """Every pod of ours that may cost money now."""
    return [
        rented(
            run,
            now,
            is_watched=live.is_watched(run.nonce),
            is_launching=live.launches.is_launching(run.nonce),
            ended_at=live.ended_at(run),
        )
        for run in live.live_runs
    ]


def rented(
    run: Run,
    now: datetime,
    *,
    is_watched: bool,
    is_launching: bool = False,
    ended_at: datetime | None = None,
) -> Rented:
    """Reckoned from the pod's creation, since that is what is billed; never less than the pod's own word."""
    seconds = max(0.0, (now - (run.created_at or run.planned_at)).total_seconds())
    return Rented(
        run,
        seconds if run.pod_id else 0.0,
        spent_usd(run, now),
        is_watched,
        _problem(run, now, ended_at, is_launching),
    )


def _problem(run: Run, now: datetime, ended_at: datetime | None, is_launching: bool) -> str:
    if not run.pod_id:
        return ""
    if run.state is RunState.ENDING and run.armed_at is None and not is_launching:
        return "its launch failed, and we could not confirm that the GPU was removed"
    if ended_at is not None and now - ended_at > TAKES_TO_GO:
        return "the run is over, but we could not confirm that the GPU was removed"
    if run.deadline is not None and now - run.deadline > TAKES_TO_GO:
        return "past its deadline, and we could not confirm that it was removed"
    return ""
