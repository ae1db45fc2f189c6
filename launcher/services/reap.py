"""Finding pods of ours that outlive their run, and ending them; also what a run left in the account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from launcher.domain.pod import Pod, PodName
from launcher.domain.run import Run, RunState
from launcher.errors import (
    LauncherError,
    NotConfigured,
    PodGone,
    ProviderError,
    ProviderUnavailable,
)
from launcher.services.boot_budget import boot_budget_of
from launcher.services.context import Workbench
from launcher.services.endings import close, settle_gone
from launcher.services.intents import intents_of, is_being_launched
from launcher.services.reconcile import own, settle_intent
from launcher.services.releasing import release_pod
from launcher.services.run_secrets import leftovers
from pod_image.contract.events import ArmedEvent, from_line
from pod_image.contract.outcomes import EndReason

GRACE = timedelta(seconds=30)
"""After its end or deadline a pod has so long to release itself."""
BOOT_ALLOWANCE = timedelta(minutes=10)
"""A pod that nobody waits for and that is not armed so long after its boot budget will not be."""
QUIET_SECONDS = 3.0
"""A log that says nothing for so long has said what it had."""
_LAST_LINES = 2_000
NEVER_ORDERED = "Its launch was cut off before a pod was ordered."


@dataclass(frozen=True)
class Reaped:
    """A pod that was released, or would be in a dry run. `trouble`: why it could not be."""

    pod: Pod
    why: str
    trouble: str = ""


@dataclass(frozen=True)
class LeftOpen:
    """A run whose pod is not to be seen, and that is not known to be over; `why` is a sentence."""

    run: Run
    why: str


@dataclass(frozen=True)
class ReapReport:
    """What a sweep found. `kept`: pods of ours that may live on. Others' pods are never touched or named."""

    is_dry_run: bool
    released: tuple[Reaped, ...] = ()
    kept: tuple[Pod, ...] = ()
    settled: tuple[Run, ...] = ()
    """Runs whose pod was found gone, closed now."""
    left_open: tuple[LeftOpen, ...] = ()
    secrets_removed: tuple[str, ...] = ()
    skipped: str = ""
    """Why the sweep was not made, or ""."""


async def reap(bench: Workbench, *, dry_run: bool = False) -> ReapReport:
    """Release pods of ours whose run is over or overdue, close runs whose pod is gone, remove leftover secrets.

    Ours is a pod whose name has our prefix and a nonce that the history or its own environment confirms. With
    `dry_run` nothing is changed. Raises ProviderError when the list cannot be had.
    """
    if not dry_run:
        await _settle_intents(bench)
    pods = await bench.provider.pods()
    if not pods and await _any_alive(bench):
        return ReapReport(dry_run, skipped="RunPod lists no pod at all, yet one of ours answers.")
    ours = [
        (pod, run)
        for pod in pods
        if (name := _proven(bench, pod))
        for run in [_run_of(bench, name)]
    ]
    released, kept = [], []
    for pod, run in ours:
        why = await _why_release(bench, pod, run)
        if why and await _is_only_listed(bench, pod):
            continue
        if why:
            released.append(await _release(bench, pod, run, why, dry_run=dry_run))
        else:
            kept.append(pod)
    settled, left_open = (
        ((), ()) if dry_run else await _settle_gone_runs(bench, {pod.id for pod in pods})
    )
    settled += () if dry_run else await _close_unordered(bench)
    # A pod that was released a moment ago needs its secrets no more: nobody may come back to reap again.
    alive = [*kept, *(each.pod for each in released if each.trouble)]
    removed = await _remove_leftovers(bench, alive, dry_run=dry_run)
    return ReapReport(dry_run, tuple(released), tuple(kept), settled, left_open, removed)


async def _settle_intents(bench: Workbench) -> None:
    for intent in intents_of(bench).open():
        if not is_being_launched(bench, intent.results_repo, intent.run_id):
            await settle_intent(bench, intent)


def _proven(bench: Workbench, pod: Pod) -> PodName | None:
    """The pod's name when it is certainly one of ours, not only one that is called like it."""
    name = PodName.parse(pod.name)
    if name is None:
        return None
    is_known = bench.runs.by_nonce(name.nonce) is not None
    return name if is_known or pod.nonce == name.nonce else None


def _run_of(bench: Workbench, name: PodName) -> Run | None:
    return bench.runs.by_nonce(name.nonce)


async def _why_release(bench: Workbench, pod: Pod, run: Run | None) -> str:
    """Why the pod has to go, or "" when it may live on."""
    now = bench.provider_now()
    why = overdue(pod, run, now)
    if why or run is None or run.state is not RunState.LAUNCHING:
        return why
    # Nobody has seen it armed. Whoever launched it may still be waiting, or have been cut off.
    if is_being_launched(bench, run.results_repo, run.run_id):
        return ""
    born = pod.created_at or run.planned_at
    allowed = timedelta(minutes=boot_budget_of(run).minutes) + BOOT_ALLOWANCE
    if now - born > allowed and not await _is_armed(bench, pod, run):
        return "its launch was cut off, and it never became ready"
    return ""


def overdue(pod: Pod, run: Run | None, now: datetime) -> str:
    """Why a pod should not exist any more, by what is known without asking it; "" when it may."""
    if run is not None and run.state is RunState.ENDED:
        return "its run is over"
    if (
        run is not None
        and run.end_reason is not None
        and _is_past(run.ended_at or run.deadline, now)
    ):
        return "its run is over"
    deadlines = [pod.deadline, run.deadline if run is not None else None]
    known = [each for each in deadlines if each is not None]
    return "its deadline has passed" if known and _is_past(min(known), now) else ""


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now - moment > GRACE


async def _is_armed(bench: Workbench, pod: Pod, run: Run) -> bool:
    """Whether the pod has said so; then its run is going on, and the history learns it."""
    try:
        async with aclosing(_recent(bench, pod)) as lines:
            async for line in lines:
                event = from_line(line)
                if isinstance(event, ArmedEvent) and event.works:
                    bench.runs.update(run, state=RunState.RUNNING, armed_at=event.at)
                    return True
    except LauncherError:
        return True  # not to be told: then the deadline decides, not a guess
    return False


async def _release(
    bench: Workbench, pod: Pod, run: Run | None, why: str, *, dry_run: bool
) -> Reaped:
    if dry_run:
        return Reaped(pod, why)
    released = await release_pod(bench, pod.id)
    if released.trouble is not None:
        return Reaped(pod, why, released.trouble.message)
    if run is not None and run.state is not RunState.ENDED:
        run = run if run.pod_id else own(bench, run, pod)
        with suppress(NotConfigured):  # gone all the same; who has the token closes its run
            await settle_gone(bench, run, was_there=True)
    return Reaped(pod, why)


async def _settle_gone_runs(
    bench: Workbench, listed_ids: set[str]
) -> tuple[tuple[Run, ...], tuple[LeftOpen, ...]]:
    """Close runs whose pod neither the list nor two readings of its own show; and those that had to be left open."""
    settled, left_open = [], []
    for run in bench.runs.live():
        if not run.pod_id or run.pod_id in listed_ids:
            continue
        if is_being_launched(bench, run.results_repo, run.run_id):
            continue
        if not await _is_gone(bench, run.pod_id):
            continue
        try:
            closed, _ = await settle_gone(bench, run)
        except (PodGone, NotConfigured) as exc:
            left_open.append(LeftOpen(run, exc.message))
        else:
            settled.append(closed)
    return tuple(settled), tuple(left_open)


async def _close_unordered(bench: Workbench) -> tuple[Run, ...]:
    """Close runs whose launch was killed before its order went out: they may have left secrets in the account."""
    closed = []
    for seen in bench.runs.live():
        if seen.pod_id or is_being_launched(bench, seen.results_repo, seen.run_id):
            continue
        # Read again now that nobody launches it: it may have got its pod a moment ago.
        run = bench.runs.by_nonce(seen.nonce)
        if run is None or run.pod_id or run.state is RunState.ENDED:
            continue
        # An order goes out only after its intent is on disk.
        if all(intent.nonce != run.nonce for intent in intents_of(bench).open()):
            closed.append(await close(bench, run, EndReason.BOOT_FAILED, NEVER_ORDERED))
    return tuple(closed)


async def _is_only_listed(bench: Workbench, pod: Pod) -> bool:
    """Lists lag the other way too: they show pods that are gone already."""
    try:
        return await _is_gone(bench, pod.id)
    except ProviderUnavailable:
        return False


async def _any_alive(bench: Workbench) -> bool:
    """Whether a pod that the history knows answers although the list is empty."""
    for run in bench.runs.live():
        if run.pod_id and not await _is_gone(bench, run.pod_id):
            return True
    return False


async def _is_gone(bench: Workbench, pod_id: str) -> bool:
    for reading in range(2):
        if reading:
            await bench.clock.sleep(min(2.0, bench.config.poll_seconds))
        try:
            await bench.provider.pod(pod_id)
            return False
        except PodGone:
            continue
    return True


async def _remove_leftovers(
    bench: Workbench, alive: list[Pod], *, dry_run: bool
) -> tuple[str, ...]:
    nonces = [name.nonce for pod in alive if (name := PodName.parse(pod.name))]
    removed = []
    try:
        for secret in await leftovers(bench, nonces):
            if not dry_run:
                await bench.provider.remove_secret(secret.id)
            removed.append(secret.name)
    except ProviderUnavailable:
        raise
    except ProviderError:
        pass  # this account or key has no secrets: then none is left over
    return tuple(removed)


async def _recent(bench: Workbench, pod: Pod) -> AsyncGenerator[str, None]:
    """The newest lines of the container, until the log falls silent."""
    async with aclosing(bench.provider.log(pod.id, tail=_LAST_LINES)) as lines:
        while True:
            try:
                line = await asyncio.wait_for(anext(lines), QUIET_SECONDS)
            except (TimeoutError, StopAsyncIteration, PodGone):
                return
            if line.source == "container":
                yield line.text
