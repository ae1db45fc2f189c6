"""The kill chain, proved before anything is fetched: each way to end the money is tried and gets a verdict."""

from __future__ import annotations

from dataclasses import dataclass

from pod_image.agent.clock import AnchoredClock, backoff_seconds
from pod_image.agent.limits import Caps, Limits
from pod_image.agent.places.base import OwnPod, PodReading, PodUnreadable
from pod_image.agent.ports import Hub, HubTrouble, Ports
from pod_image.agent.timing import Timing
from pod_image.contract.bodies import BootCheck
from pod_image.contract.environment import RunDocument
from pod_image.contract.figures import dollars_per_hour, duration
from pod_image.contract.next_steps import Said

HUB_CHECK = "hub"


@dataclass(frozen=True)
class Armed:
    """What boot found out. `hub_answers` is no way to end the money, but without it nothing is delivered."""

    checks: tuple[BootCheck, ...]
    limits: Limits
    reading: PodReading
    hub_answers: bool
    hub_hint: Said = ""

    @property
    def works(self) -> bool:
        return all(check.works for check in self.checks)

    @property
    def money_works(self) -> bool:
        """All but the Hub: enough for a run that is under way already."""
        return all(check.works for check in self.checks if check.name != HUB_CHECK)


async def arm_pod(
    ports: Ports, document: RunDocument, pod: OwnPod, hub: Hub, clock: AnchoredClock
) -> Armed:
    """Try everything that will have to work when the run ends. Takes at most a few minutes."""
    release_check, reading = await _read_pod(pod, clock, ports.timing)
    clock_check = _check_clock(reading, clock, ports.timing)
    limits = limits_of(document, reading, clock.now())
    hub_check, hint = await _check_hub(ports, hub, clock)
    return Armed(
        checks=(release_check, clock_check, _check_deadline(limits, clock.now()), hub_check),
        limits=limits,
        reading=reading,
        hub_answers=hub_check.works,
        hub_hint=hint,
    )


def limits_of(document: RunDocument, reading: PodReading, now: float) -> Limits:
    """The caps, from the cloud's own figures where it gave them; a restart changes neither.

    Where nobody tells when the pod was made, it was ordered `max_hours` before its deadline, and is no older.
    """
    ordered_at = document.deadline.timestamp() - document.settings.max_hours * 3600
    created_at = reading.created_at if reading.created_at is not None else min(now, ordered_at)
    return caps_of(document).limits(created_at, reading.price_per_hour_usd)


def caps_of(document: RunDocument) -> Caps:
    settings = document.settings
    return Caps(
        deadline=document.deadline.timestamp(),
        max_hours=settings.max_hours,
        max_cost_usd=settings.max_cost_usd,
        price_per_hour_usd=document.price_per_hour_usd,
    )


async def _read_pod(
    pod: OwnPod, clock: AnchoredClock, timing: Timing
) -> tuple[BootCheck, PodReading]:
    """All that the release will need, proved by one reading; what may pass is tried again."""
    nothing = PodReading(None, None, None)
    if pod.powerless:
        return BootCheck(name="release", works=False, detail=pod.powerless), nothing
    give_up_at = clock.now() + timing.boot_pod_seconds
    attempt = 0
    while True:
        try:
            reading = await pod.read()
        except PodUnreadable as exc:
            attempt += 1
            if exc.is_final or clock.now() >= give_up_at:
                return BootCheck(name="release", works=False, detail=str(exc)), nothing
            await clock.sleep(backoff_seconds(attempt, first=1.0, longest=15.0))
        else:
            return BootCheck(name="release", works=True, detail=pod.proof), reading


def _check_clock(reading: PodReading, clock: AnchoredClock, timing: Timing) -> BootCheck:
    if reading.server_time is None:
        clock.anchor(clock.now() + reading.ahead_seconds)
        return BootCheck(name="clock", works=True, detail="not compared: the cloud sent no date")
    ahead_seconds = clock.anchor(reading.server_time)
    is_sane = abs(ahead_seconds) <= timing.clock_skew_seconds
    detail = f"{ahead_seconds:+.0f} s off the cloud's clock, whose time is used"
    return BootCheck(name="clock", works=is_sane, detail=detail)


def _check_deadline(limits: Limits, now: float) -> BootCheck:
    left_minutes = (limits.ends_at - now) / 60
    detail = f"{duration(left_minutes * 60)} left at {dollars_per_hour(limits.price_per_hour_usd)}"
    return BootCheck(name="deadline", works=left_minutes > 0, detail=detail)


async def _check_hub(ports: Ports, hub: Hub, clock: AnchoredClock) -> tuple[BootCheck, Said]:
    give_up_at = clock.now() + ports.timing.boot_hub_seconds
    attempt = 0
    while True:
        try:
            detail = await ports.run_blocking(hub.check)
        except HubTrouble as exc:
            attempt += 1
            if exc.is_refusal or clock.now() >= give_up_at:
                return BootCheck(name=HUB_CHECK, works=False, detail=str(exc)), exc.hint
            await clock.sleep(backoff_seconds(attempt, first=2.0, longest=15.0))
        else:
            return BootCheck(name=HUB_CHECK, works=True, detail=detail), ""
