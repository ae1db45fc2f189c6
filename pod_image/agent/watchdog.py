"""When a run has to end although nobody asked: one pure decision, and what it costs to go on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from pod_image.agent.limits import Limits
from pod_image.agent.progress import Progress
from pod_image.agent.timing import Timing
from pod_image.contract.figures import dollars, dollars_per_hour
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.settings import RunSettings

BUSY_PERCENT = 5.0
CHECKPOINT_SHARE = 0.9
"""From this share of the cap on there has to be a fresh checkpoint."""
TIMES_OVER = 2.0
"""Lines get slower, and a commit may have to be made again."""
MEASURED_SHARE = 0.5
ASSUMED_SHARE = 0.25
LOOK_SHARE = 0.35
"""Before this share of the cap is used, nothing that is still to go can end the work."""
WORKING = (Phase.FETCH, Phase.PREPARE, Phase.TRAIN)


@dataclass(frozen=True)
class Rules:
    """What the watchdog holds a run to; seconds."""

    gpu_idle_seconds: float
    stall_seconds: float
    fetch_idle_seconds: float
    prepare_idle_seconds: float
    delivery_reserve_seconds: float
    export_reserve_seconds: float = 0.0
    """0 for a recipe that exports nothing."""

    @classmethod
    def of(cls, settings: RunSettings, timing: Timing, *, exports: bool = False) -> Rules:
        return cls(
            gpu_idle_seconds=settings.gpu_idle_minutes * 60,
            stall_seconds=settings.stall_minutes * 60,
            fetch_idle_seconds=timing.fetch_idle_seconds,
            prepare_idle_seconds=timing.prepare_idle_seconds,
            delivery_reserve_seconds=timing.delivery_reserve_seconds,
            export_reserve_seconds=timing.export_reserve_seconds if exports else 0.0,
        )

    def idle_limit_seconds(self, phase: Phase) -> float:
        limits = {
            Phase.FETCH: self.fetch_idle_seconds,
            Phase.PREPARE: self.prepare_idle_seconds,
            Phase.TRAIN: self.stall_seconds,
        }
        return limits.get(phase, math.inf)


def delivery_seconds(limits: Limits, progress: Progress, rules: Rules) -> float:
    """What delivery is given: a minute, and twice as long as what is still to go takes at the measured speed.

    Bounded, since a guess must not eat up a run: half of it, or a quarter while no speed was measured.
    """
    share = MEASURED_SHARE if progress.upload.is_measured else ASSUMED_SHARE
    needed = TIMES_OVER * progress.upload.seconds_for(progress.to_go_bytes)
    return rules.delivery_reserve_seconds + min(needed, share * _span_seconds(limits))


def delivery_starts_at(limits: Limits, progress: Progress, rules: Rules) -> float:
    """Latest moment to begin delivery."""
    return limits.ends_at - delivery_seconds(limits, progress, rules)


def work_ends_at(limits: Limits, progress: Progress, rules: Rules) -> float:
    """Latest moment to stop training: what was learnt still has to be stopped and exported."""
    export_seconds = min(rules.export_reserve_seconds, 0.1 * _span_seconds(limits))
    return delivery_starts_at(limits, progress, rules) - export_seconds


def _span_seconds(limits: Limits) -> float:
    return max(0.0, limits.ends_at - limits.created_at)


def verdict(limits: Limits, progress: Progress, rules: Rules, now: float) -> EndReason | None:
    """Why the run has to end now, or None. Applies while it works: fetch, prepare, train."""
    if progress.phase not in WORKING:
        return None
    if now >= work_ends_at(limits, progress, rules):
        return limits.cap
    if now - progress.progress_at >= rules.idle_limit_seconds(progress.phase):
        return EndReason.STALLED if progress.phase is Phase.TRAIN else EndReason.FAILED
    if _is_gpu_idle(progress, rules, now):
        return EndReason.GPU_IDLE
    return None


def wants_checkpoint(limits: Limits, now: float) -> bool:
    return limits.share_used(now) >= CHECKPOINT_SHARE


def sentence(reason: EndReason, progress: Progress, rules: Rules, limits: Limits) -> str:
    """What the watchdog saw, for `ended`."""
    match reason:
        case EndReason.TIME_CAP:
            return f"The pod must be gone by {_moment(limits.ends_at)}."
        case EndReason.COST_CAP:
            return (
                f"At {dollars_per_hour(limits.price_per_hour_usd)} the pod reaches "
                f"{dollars(limits.max_cost_usd)} at {_moment(limits.ends_at)}."
            )
        case EndReason.GPU_IDLE:
            minutes = rules.gpu_idle_seconds / 60
            return f"No GPU was over {BUSY_PERCENT:.0f} % for {minutes:.0f} minutes."
        case EndReason.STALLED:
            return (
                f"No step for {rules.stall_seconds / 60:.0f} minutes; the last was {progress.step}."
            )
        case _:
            minutes = rules.idle_limit_seconds(progress.phase) / 60
            return f"The phase {progress.phase.value} made no progress for {minutes:.0f} minutes."


@dataclass(frozen=True)
class Forecast:
    """When the pod ends and what it will have cost, as far as can be told."""

    cost_usd: float
    ends_at: datetime | None = None
    cost_at_end_usd: float | None = None


def forecast(limits: Limits, progress: Progress, rules: Rules, now: float) -> Forecast:
    """Training's own time left, then delivery; never later than the caps."""
    cost_usd = limits.cost_usd(now)
    if progress.seconds_left is None:
        return Forecast(round(cost_usd, 4))
    still_seconds = max(0.0, progress.seconds_left) + delivery_seconds(limits, progress, rules)
    ends_at = min(now + still_seconds, limits.ends_at)
    return Forecast(
        round(cost_usd, 4),
        datetime.fromtimestamp(ends_at, UTC),
        round(limits.cost_usd(ends_at), 4),
    )


def _is_gpu_idle(progress: Progress, rules: Rules, now: float) -> bool:
    """Only in train, after the first step: loading and compiling before it may well leave a GPU idle."""
    if progress.phase is not Phase.TRAIN or progress.first_step_at is None:
        return False
    if progress.gpu_busy_at is None:
        return False
    since = max(progress.gpu_busy_at, progress.first_step_at)
    return now - since >= rules.gpu_idle_seconds


def _moment(unix_seconds: float) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
