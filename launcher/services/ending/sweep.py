"""What a sweep through the account would do, found out by reading alone: pods that have to go, runs that are over,
secrets that nobody needs. `reap` does it, and its dry run shows it: both from this one plan."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from launcher.domain.pod import Pod, PodName
from launcher.domain.run import Run, RunState
from launcher.errors import HubError, NotConfigured, PodGone, ProviderError, ProviderUnavailable
from launcher.services.common.intents import Intent, intents_of, is_being_launched, is_watched
from launcher.services.common.pod_release import asked_releases
from launcher.services.common.run_secrets import Leftover, leftovers
from launcher.services.common.workbench import Workbench
from launcher.services.ending.armed import hear_armed
from launcher.services.ending.pod_runs import boot_minutes, proven_name, results_repo_of, told_run
from launcher.services.ending.reconcile import NEVER_BORN, look_for
from launcher.services.ending.refresh import NEVER_ORDERED, look_twice, was_never_ordered
from launcher.services.ending.settle import LastWord, last_word
from launcher.stores.runs import RecordKind
from pod_image.contract.bodies import ArmedReport
from pod_image.contract.events import Stamped
from pod_image.contract.outcomes import EndReason

GRACE = timedelta(seconds=30)
"""After its end or deadline a pod has so long to release itself."""
BOOT_ALLOWANCE = timedelta(minutes=10)
"""A pod that nobody waits for and that is not armed so long after its boot budget will not be."""
OVER = "its run is over"
LATE = "its deadline has passed"
CAPPED = "a cap was reached"
ASKED = "its release was asked for"
UNREADY = "it never became ready"
GIVEN_UP = "its launch had given up"
UNWATCHED = "no program here watches it any more"


@dataclass(frozen=True)
class OurPod:
    """A pod that is provably ours. `run` is what the history has of it; `why` it has to go, or ""."""

    pod: Pod
    name: PodName
    run: Run | None
    why: str = ""
    armed: Stamped[ArmedReport] | None = None
    """What it said of that, where the history does not know it yet."""


@dataclass(frozen=True)
class Order:
    """An order whose outcome was open, and its pod if there is one."""

    intent: Intent
    pod: Pod | None


@dataclass(frozen=True)
class Over:
    """A run that has no pod and is still open: how it ended. Where it cannot be closed, `left_open` says why."""

    run: Run
    word: LastWord | None
    left_open: str = ""

    @property
    def closed(self) -> Run:
        """The run as it will stand in the history, as far as a list shows it."""
        if self.word is None:
            return self.run
        return replace(self.run, end_reason=self.word.reason, detail=self.word.detail)


@dataclass(frozen=True)
class Sweep:
    """`skipped`: why nothing can be said, or ""."""

    skipped: str = ""
    orders: tuple[Order, ...] = ()
    pods: tuple[OurPod, ...] = ()
    gone: tuple[Over, ...] = ()
    """Runs whose pod was seen no more."""
    unordered: tuple[Over, ...] = ()
    """Runs for which no pod was ever rented."""
    leftovers: tuple[Leftover, ...] = ()
    secrets_trouble: str = ""
    """Why it could not be told which secrets are left."""


async def plan_sweep(bench: Workbench) -> Sweep:
    """What there is to do at this place; changes nothing. Raises ProviderError when its pods cannot be listed."""
    orders = await _open_orders(bench)
    pods = await bench.provider.pods()
    pods = [*pods, *await _unlisted_clusters(bench, {pod.id for pod in pods})]
    if not pods and await _any_alive(bench):
        return Sweep(f"{bench.place.title} lists no pods, but one of this program answers.")
    late = [each.pod for each in orders if each.pod is not None]
    listed = {pod.id: pod for pod in [*late, *pods]}
    ours = [each async for each in _judged(bench, listed.values(), _given_up(orders))]
    gone = await _gone(bench, listed.keys())
    unordered = _unordered(bench, orders)
    closing = [each.run.nonce for each in (*gone, *unordered) if not each.left_open]
    closing += [each.intent.nonce for each in orders if each.pod is None]
    closing += [each.name.nonce for each in ours if each.why]
    staying = {each.name.nonce for each in ours if not each.why}
    staying |= {run.nonce for run in live_runs(bench)} - set(closing)
    known = {each.intent.nonce for each in orders} | {each.name.nonce for each in ours}
    staying |= {intent.nonce for intent in _intents(bench)} - set(closing)
    left, trouble = await _leftovers(bench, staying, known)
    return Sweep("", tuple(orders), tuple(ours), gone, unordered, left, trouble)


async def _unlisted_clusters(bench: Workbench, listed_ids: Collection[str]) -> list[Pod]:
    """Clusters of known runs that are there without a pod: a list of pods shows none of those, now or later."""
    ids = [run.pod_id for run in live_runs(bench) if run.is_cluster]
    found = [await look_twice(bench, each) for each in ids if each not in listed_ids]
    return [pod for pod in found if pod is not None]


def live_runs(bench: Workbench) -> list[Run]:
    """Runs that may have a pod at this place, as far as the history can be read."""
    try:
        return [run for run in bench.runs.live() if run.place == bench.place.name]
    except NotConfigured:
        return []


def _intents(bench: Workbench) -> list[Intent]:
    """Orders of this place whose outcome is open."""
    return [each for each in intents_of(bench).open() if each.place == bench.place.name]


def overdue(pod: Pod, run: Run | None, now: datetime) -> str:
    """Why a pod should not exist any more, by what is known without asking it; "" when it may."""
    if run is not None and run.state is RunState.ENDED:
        return OVER
    if (
        run is not None
        and run.end_reason is not None
        and _is_past(run.ended_at or run.deadline, now)
    ):
        return OVER
    deadlines = [pod.deadline, run.deadline if run is not None else None]
    known = [each for each in deadlines if each is not None]
    return LATE if known and _is_past(min(known), now) else ""


def _is_past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now - moment > GRACE


async def _open_orders(bench: Workbench) -> list[Order]:
    """Orders whose outcome nobody waits for, each looked for: lists lag, so one empty one proves nothing."""
    found = []
    for intent in _intents(bench):
        if is_being_launched(bench, intent.results_repo, intent.run_id):
            continue
        run = bench.runs.by_nonce(intent.nonce)
        if run is not None and (run.pod_id or run.state is RunState.ENDED):
            continue  # its outcome is in the history: the file alone was left
        found.append(Order(intent, await look_for(bench, intent.pod_name)))
    return found


def _given_up(orders: Iterable[Order]) -> set[str]:
    return {each.pod.id for each in orders if each.pod is not None and each.intent.given_up}


async def _judged(
    bench: Workbench, pods: Iterable[Pod], given_up: Collection[str]
) -> AsyncIterator[OurPod]:
    for pod in pods:
        name = proven_name(bench, pod)
        if name is None:
            continue
        ours = OurPod(pod, name, bench.runs.by_nonce(name.nonce))
        ours = replace(ours, why=GIVEN_UP) if pod.id in given_up else await _judge(bench, ours)
        # Lists lag the other way too: they show pods that are gone already.
        if not ours.why or not await _is_only_listed(bench, pod):
            yield ours


async def _judge(bench: Workbench, ours: OurPod) -> OurPod:
    """The pod with why it has to go, if it has to. What happened before does not matter, only what is."""
    pod, run, now = ours.pod, ours.run, bench.provider_now()
    why = overdue(pod, run, now)
    if not why and asked_releases(bench).has(pod.id):
        why = ASKED
    if not why and pod.is_cluster:
        why = await _why_cluster_goes(bench, ours)
    if why or _is_known_armed(run):
        return replace(ours, why=why)
    repo = results_repo_of(pod, run)
    born = pod.created_at or (run.planned_at if run is not None else None)
    allowed = timedelta(minutes=boot_minutes(pod, run)) + BOOT_ALLOWANCE
    # Whoever launched it, here or on another computer, may still be waiting for it.
    if born is None or now - born <= allowed or is_being_launched(bench, repo, ours.name.run_id):
        return ours
    heard = await hear_armed(bench, pod, ours.name, repo)
    if heard.is_armed:
        return replace(ours, armed=heard.armed)
    return replace(ours, why=UNREADY)


async def _why_cluster_goes(bench: Workbench, ours: OurPod) -> str:
    """Its pods cannot release themselves: what another pod would see to itself is looked at here."""
    pod, run, now = ours.pod, ours.run, bench.provider_now()
    if _is_past(told_run(bench, pod, ours.name).capped_at, now):
        return CAPPED
    if await _has_delivered_its_end(bench, ours):
        return OVER
    if run is None or bench.runs.kept(run, RecordKind.WATCHED) is None:
        return ""  # another computer's: its own launcher watches it, or it reaches its caps
    if is_being_launched(bench, run.results_repo, run.run_id) or is_watched(bench, run.nonce):
        return ""
    # Between the launch and the watching of it nobody holds a lock, for a moment.
    since = run.armed_at or pod.created_at or run.planned_at
    return UNWATCHED if _is_past(since, now) else ""


async def _has_delivered_its_end(bench: Workbench, ours: OurPod) -> bool:
    results = bench.results(results_repo_of(ours.pod, ours.run))
    try:
        record = await results.record(ours.name.run_id)
    except (HubError, NotConfigured):
        return False
    return record is not None and record.nonce == ours.name.nonce and record.state == "ended"


def _is_known_armed(run: Run | None) -> bool:
    return run is not None and run.armed_at is not None and run.state is not RunState.LAUNCHING


async def _is_only_listed(bench: Workbench, pod: Pod) -> bool:
    try:
        return await look_twice(bench, pod.id) is None
    except ProviderUnavailable:
        return False


async def _any_alive(bench: Workbench) -> bool:
    """Whether a pod that the history knows answers although the list is empty."""
    for run in live_runs(bench):
        if run.pod_id and await look_twice(bench, run.pod_id) is not None:
            return True
    return False


async def _gone(bench: Workbench, listed_ids: Collection[str]) -> tuple[Over, ...]:
    """Runs whose pod neither the list nor two readings of its own show."""
    found = []
    for run in live_runs(bench):
        if not run.pod_id or run.pod_id in listed_ids:
            continue
        if is_being_launched(bench, run.results_repo, run.run_id):
            continue
        if await look_twice(bench, run.pod_id) is not None:
            continue
        try:
            found.append(Over(run, await last_word(bench, run)))
        except (PodGone, NotConfigured) as exc:
            found.append(Over(run, None, str(exc)))
    return tuple(found)


def _unordered(bench: Workbench, orders: Iterable[Order]) -> tuple[Over, ...]:
    unborn = {each.intent.nonce for each in orders if each.pod is None}
    found = []
    for run in live_runs(bench):
        if run.nonce in unborn:
            found.append(Over(run, LastWord(EndReason.BOOT_FAILED, NEVER_BORN)))
        elif was_never_ordered(bench, run):
            found.append(Over(run, LastWord(EndReason.BOOT_FAILED, NEVER_ORDERED)))
    return tuple(found)


async def _leftovers(
    bench: Workbench, alive: Collection[str], known: Collection[str]
) -> tuple[tuple[Leftover, ...], str]:
    """The secrets, and why it could not be told which there are: pods are ended all the same."""
    try:
        return tuple(await leftovers(bench, alive, known)), ""
    except ProviderUnavailable as exc:
        return (), str(exc)
    except ProviderError:
        return (), ""  # this account or key has no secrets: then none is left over
