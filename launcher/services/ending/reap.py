"""Finding pods of ours that outlive their run, and ending them; also what a run left in the account."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields, replace

from launcher.domain.pod import Pod
from launcher.domain.run import Run, RunState
from launcher.errors import HubError, LauncherError, NotConfigured, ProviderError
from launcher.services.common.intents import intents_of
from launcher.services.common.pod_release import release_pod
from launcher.services.common.run_secrets import Leftover
from launcher.services.common.workbench import Workbench, known_machines
from launcher.services.ending.reconcile import own
from launcher.services.ending.settle import LastWord, close, delivered_word, settle_gone, write_down
from launcher.services.ending.sweep import (
    ASKED,
    GIVEN_UP,
    UNREADY,
    UNWATCHED,
    Order,
    OurPod,
    Over,
    Sweep,
    live_runs,
    plan_sweep,
)
from pod_image.contract.outcomes import EndReason

_ENDS = {
    ASKED: (EndReason.ABORTED, "Its release had been requested earlier and was done now."),
    UNREADY: (EndReason.BOOT_FAILED, "It never became ready, and no launch was waiting for it."),
    GIVEN_UP: (EndReason.BOOT_FAILED, "It appeared after its launch had given up."),
    UNWATCHED: (EndReason.ABORTED, "No program watched its cluster any more, so it was released."),
}
"""How a run ended whose pod went for that, when it left no word of its own."""


@dataclass(frozen=True)
class Reaped:
    """A pod that was released, or would be in a dry run. `trouble`: why it could not be."""

    pod: Pod
    why: str
    trouble: str = ""
    console_address: str = ""
    """Where a person can end it by hand."""


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
    """Runs that have no pod, closed now; in a dry run, that would be closed."""
    left_open: tuple[LeftOpen, ...] = ()
    secrets_removed: tuple[str, ...] = ()
    skipped: str = ""
    """Why the sweep was not made, or ""."""
    secrets_trouble: str = ""
    """Why it could not be told, or done, which secrets are left."""
    places: tuple[str, ...] = ()
    """Names of the providers that were checked."""
    unseen: tuple[str, ...] = ()
    """Places that could not be looked at, and why, as sentences."""


async def reap(bench: Workbench, *, dry_run: bool = False) -> ReapReport:
    """Release pods of ours that have no business to live, close runs that have none, remove leftover secrets.

    What is looked at is what is: the account's pods, their own names and environment, and what this computer knows
    of them; a history that cannot be read keeps no pod alive. Ours is a pod whose name has our prefix and a nonce
    that its own environment, the history, or what is on disk beside it confirms. With `dry_run` nothing is changed,
    and the report is what the next sweep would do. Every place that there is a key for is looked at. Raises
    ProviderError when the first of them cannot list its pods; another that cannot is in `unseen`.
    """
    report = ReapReport(dry_run)
    places = bench.everywhere()
    for at_place in places:
        try:
            found = await _reap_at(at_place, dry_run=dry_run)
            report = _together(report, replace(found, places=(at_place.place.title,)))
        except LauncherError as error:
            if at_place is places[0]:
                raise
            unseen = f"{at_place.place.title} could not be checked: {error.message}"
            report = replace(report, unseen=(*report.unseen, unseen))
    return report


async def _reap_at(bench: Workbench, *, dry_run: bool) -> ReapReport:
    sweep = await plan_sweep(bench)
    if sweep.skipped:
        return ReapReport(dry_run, skipped=sweep.skipped)
    if dry_run:
        return _as_planned(sweep)
    report = await _carry_out(bench, sweep)
    if not any((report.kept, report.left_open, sweep.orders, live_runs(bench))):
        known_machines(bench.config).forget(bench.place.name)
    return report


def _together(one: ReapReport, other: ReapReport) -> ReapReport:
    """What was found at two places."""
    both = {
        each.name: getattr(one, each.name) + getattr(other, each.name)
        for each in fields(ReapReport)
        if each.name != "is_dry_run"
    }
    return replace(one, **both)


def _as_planned(sweep: Sweep) -> ReapReport:
    return ReapReport(
        is_dry_run=True,
        released=tuple(Reaped(each.pod, each.why) for each in sweep.pods if each.why),
        kept=_kept(sweep),
        settled=tuple(each.closed for each in (*sweep.gone, *sweep.unordered) if each.word),
        left_open=_left_open(sweep),
        secrets_removed=tuple(each.secret.name for each in sweep.leftovers),
        secrets_trouble=sweep.secrets_trouble,
    )


def _kept(sweep: Sweep) -> tuple[Pod, ...]:
    return tuple(each.pod for each in sweep.pods if not each.why)


def _left_open(sweep: Sweep) -> tuple[LeftOpen, ...]:
    return tuple(LeftOpen(each.run, each.left_open) for each in sweep.gone if each.left_open)


async def _carry_out(bench: Workbench, sweep: Sweep) -> ReapReport:
    going = [each for each in sweep.pods if each.why]
    # What became of the run of one is no reason to keep another waiting.
    released = [await _release(bench, each) for each in going]
    for each, gone in zip(going, released, strict=True):
        if not gone.trouble:
            await _close_released(bench, each)
    alive = {each.pod.id for each in released if each.trouble}
    _settle_orders(bench, sweep.orders, alive)
    for each in sweep.pods:
        _note_armed(bench, each)
    settled = await _close(bench, (*sweep.gone, *sweep.unordered))
    # A pod that was released a moment ago needs its secrets no more: nobody may come back to reap again.
    needed = {each.name.nonce for each in sweep.pods if each.pod.id in alive}
    removed, trouble = await _remove(bench, sweep.leftovers, needed)
    return ReapReport(
        is_dry_run=False,
        released=tuple(released),
        kept=_kept(sweep),
        settled=settled,
        left_open=_left_open(sweep),
        secrets_removed=removed,
        secrets_trouble=sweep.secrets_trouble or trouble,
    )


async def _release(bench: Workbench, ours: OurPod) -> Reaped:
    released = await release_pod(bench, ours.pod.id)
    if released.trouble is not None:
        console = bench.place.console_address
        return Reaped(ours.pod, ours.why, str(released.trouble), console)
    return Reaped(ours.pod, ours.why)


async def _close_released(bench: Workbench, ours: OurPod) -> None:
    run = ours.run
    if run is not None and run.state is not RunState.ENDED:
        run = run if run.pod_id else own(bench, run, ours.pod)
        with suppress(NotConfigured):  # gone all the same; who has the token closes its run
            await _close_reaped(bench, run, ours.why)


async def _close_reaped(bench: Workbench, run: Run, why: str) -> None:
    if run.end_reason is not None or why not in _ENDS:
        await settle_gone(bench, run, was_there=True)
        return
    word: LastWord | None = None
    with suppress(HubError, NotConfigured):
        word = await delivered_word(bench, run, in_a_hurry=True)
    if word is not None and word.reason is not EndReason.LOST:
        await write_down(bench, run, word)
    else:
        await close(bench, run, *_ENDS[why])


def _settle_orders(bench: Workbench, orders: Iterable[Order], alive: Collection[str]) -> None:
    """The outcome of each is in the history from here on, but for a pod that could not be released: until it is,
    its intent alone may say that nobody waits for it."""
    for order in orders:
        run = bench.runs.by_nonce(order.intent.nonce)
        if order.pod is None or (order.intent.given_up and order.pod.id not in alive):
            intents_of(bench).settle(order.intent.nonce)
        elif run is not None and not order.intent.given_up:
            own(bench, run, order.pod)


def _note_armed(bench: Workbench, ours: OurPod) -> None:
    if ours.armed is not None and ours.run is not None:
        bench.runs.update(ours.run, state=RunState.RUNNING, armed_at=ours.armed.at)


async def _close(bench: Workbench, found: Iterable[Over]) -> tuple[Run, ...]:
    return tuple(
        [await write_down(bench, each.run, each.word) for each in found if each.word is not None]
    )


async def _remove(
    bench: Workbench, leftovers: Iterable[Leftover], needed: Collection[str]
) -> tuple[tuple[str, ...], str]:
    """Names of those that are gone, and why others are not: they stay for the next sweep."""
    removed, trouble = [], ""
    for each in leftovers:
        if each.nonce in needed:
            continue
        try:
            await bench.provider.remove_secret(each.secret.id)
            removed.append(each.secret.name)
        except ProviderError as exc:
            trouble = str(exc)
    return tuple(removed), trouble
