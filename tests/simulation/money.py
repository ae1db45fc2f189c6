"""Judges the money: no pod is rented over a minute after the end of its run while any way to end it works."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from launcher.domain.pod import PodName
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.events import from_line
from tests.kit.virtual_time import START, now_seconds
from tests.simulation.cluster_place import STRANGERS_CLUSTER, RentedCluster
from tests.simulation.homes import Home, Laptop
from tests.simulation.jobs_place import OWNER, Rented, RentedJob
from tests.simulation.own_rented import LATE_SECONDS, RentedRun
from tests.simulation.schedule import HOUR
from tests.simulation.world import BOOT_MINUTES, World

Found = Callable[[str, str, str], None]
"""Takes kind, text and what it is about."""
LookedAfter = Callable[..., bool]
"""Whether a launcher is at work that knows the pod; with a second argument, one of that computer."""
LOOK_SECONDS = 10.0
GONE_SECONDS = 60.0
"""After the end of its run a pod has so long, all in all, while a way to end it works."""
STRUCK_SECONDS = 180.0
"""The same where agent or guard was killed or hung: the other has to notice first."""
STOP_SECONDS = 300.0
"""Where no pod can be deleted or terminated it is stopped by then."""
RELEASE_SECONDS = 320.0
"""So long a command on the person's computer goes on trying to release a pod."""
WATCHED_SECONDS = 120.0
"""Whoever watches a cluster has to see first that its run is over, and asks the cloud every half minute."""
TOGETHER_SECONDS = 1_200.0
"""After the loss of one node the others end and deliver what is large by then."""
UNARMED_SECONDS = BOOT_MINUTES * 60 + 600.0
REFUSING = {
    *("server-errors", "html-error-page", "rate-limited"),
    *("hub-away", "jobs-away", "jobs-rate-limited"),
    *("connection-lost", "machine-off", "replies-lost"),
}
"""Faults under which the cloud takes no call. Where only the answer is late or lost, the call was carried out."""
UNDELETABLE = {"delete-500", "delete-404", "delete-ignored", "cancel-refused", "cancel-ignored"}
LISTLESS = {"list-lag", "list-empty", "jobs-list-empty"}


@dataclass
class Account:
    """What the judge keeps of one pod."""

    overdue_seconds: float = 0.0
    """Since the end of its run, with a way to end it."""
    stop_only_seconds: float = 0.0
    """Of these, with only `stop` left."""
    gone_at: float | None = None
    asked_at: float | None = None
    """When a person, or a launch that failed, wanted it gone."""
    asked_by: Home | None = None
    ended_at: float | None = None
    armed_at: float | None = None
    is_launched: bool = False
    """Its launch was a success: from here on it needs nobody."""
    is_struck: bool = False
    """Its agent or its guard was killed or hung: the other one has to notice."""
    unwatched_since: float | None = None
    """Of a cluster: since when no program of the computer that ordered it watches it."""
    was_unwatched: bool = False


@dataclass
class Money:
    """Looks at all pods of ours every few seconds, and when a command on the person's computer is over."""

    world: World
    found: Found
    out_of_reach_seconds: float = 0.0
    accounts: dict[str, Account] = field(default_factory=dict)
    _heard: int = 0
    _looked_at: float = field(default_factory=now_seconds)
    _barred_until: dict[str, float] = field(default_factory=dict)
    """By the name of a fault, when it was last seen on."""

    def of(self, pod: Rented) -> Account:
        return self.accounts.setdefault(pod.id, Account())

    def look(self, is_looked_after: LookedAfter) -> None:
        now = now_seconds()
        since, self._looked_at = self._looked_at, now
        self._listen()
        for name in self.world.faults_on():
            self._barred_until[name] = now
        for pod in self.world.our_pods():
            account = self.of(pod)
            if isinstance(pod, RentedCluster):
                self._look_at_cluster(pod, account, is_looked_after)
            if not pod.is_live:
                account.gone_at = now if account.gone_at is None else account.gone_at
            elif pod.status != "EXITED" and self.end_of(pod) <= now:
                self._look_at(pod, account, now - since, is_looked_after(pod))

    def end_of(self, pod: Rented) -> float:
        """When its run is over: its own last word, or its caps."""
        ends = [cap_of(pod), self.of(pod).ended_at]
        if isinstance(pod, RentedCluster):
            ends.append(pod.headless_since)
        return min(end for end in ends if end is not None)

    def asked(self, pod: Rented, home: Home | None) -> None:
        """Somebody here wanted the pod gone, whether it worked or not."""
        account = self.of(pod)
        if account.asked_at is None:
            account.asked_at, account.asked_by = now_seconds(), home

    def over(
        self, laptop: Laptop, pods: list[Rented], what: str, *, is_wanted: bool = False
    ) -> None:
        """A command that had to end these pods is over, not killed: they are gone, unless the cloud kept it from it."""
        self._listen()
        for pod in pods:
            needs_nobody = self.of(pod).armed_at is not None and not isinstance(pod, RentedCluster)
            if needs_nobody and not is_wanted:
                continue  # whatever became of its launch
            self.asked(pod, laptop.home)
            kept_off = self._was_barred(RELEASE_SECONDS, REFUSING | UNDELETABLE | LISTLESS)
            if pod.is_live and not kept_off:
                self.found("orphan", f"{what} left pod {pod.id} ({pod.status})", pod.id)

    def after_reap(self, home: Home, began: float, *, is_sure: bool = False) -> None:
        """A reap is over. While all was well with the cloud none is left that it may take. `is_sure`: all is well."""
        seconds = now_seconds() - began + LOOK_SECONDS
        if not is_sure and self._was_barred(seconds, REFUSING | UNDELETABLE | LISTLESS):
            return
        for pod in self.world.our_pods():
            if pod.is_live and (why := self._is_due(pod, home, began - GONE_SECONDS)):
                self.found(
                    "orphan", f"pod {pod.id} ({pod.status}) is there after a reap: {why}", pod.id
                )

    def at_the_end(self) -> None:
        """A computer that holds nothing but the key has reaped, long after every cap."""
        for pod in self.world.our_pods():
            if pod.is_live:
                self.found("orphan", f"pod {pod.id} ({pod.status}) is there at the end", pod.id)
        for request in self.world.cloud.requests:
            pod_id = request.path.removeprefix("/v2/pods/").partition("/")[0]
            is_change = request.method != "GET" and request.path.startswith("/v2/pods/")
            if is_change and pod_id in self.world.strangers:
                self.found("touched", f"{request.method} was sent to a stranger's pod", pod_id)
        self._look_at_strangers_jobs()
        for pod_id in self.world.strangers:
            if not self.world.cloud.pods[pod_id].is_live:
                self.found("touched", f"the pod {pod_id} of somebody else is gone", pod_id)
        for request in self.world.cloud.requests:
            if (request.method, request.path) == ("DELETE", f"/v2/clusters/{STRANGERS_CLUSTER}"):
                self.found("touched", "a stranger's cluster was to be deleted", STRANGERS_CLUSTER)

    def _look_at_strangers_jobs(self) -> None:
        jobs = self.world.jobs
        for job_id in jobs.strangers if jobs is not None else ():
            if self.world.core.seen("POST", f"^/api/jobs/{OWNER}/{job_id}/"):
                self.found("touched", "a stranger's job was to be cancelled", job_id)

    def _is_due(self, pod: Rented, home: Home, moment: float) -> str:
        account = self.of(pod)
        if isinstance(pod, RentedCluster):
            if why := self._why_cluster_is_due(pod, home, moment):
                return why
        elif self.end_of(pod) < moment:
            return "its run is over"
        if account.asked_at is not None and account.asked_by is home and account.asked_at < moment:
            return "it was to be released"
        is_silent = account.armed_at is None and account.asked_at is not None
        if is_silent and pod.created_at + UNARMED_SECONDS < moment:
            return "it never became ready"
        return ""

    def _why_cluster_is_due(self, pod: RentedCluster, home: Home, moment: float) -> str:
        """Another computer cannot know who watches it, and sees its price by the pods that are there."""
        settings = document(pod.env[RUN_VARIABLE]).settings
        is_whole = all(node.status == "RUNNING" for node in pod.nodes)
        cap = cap_of(pod) if is_whole else pod.created_at + settings.max_hours * HOUR
        if cap < moment:
            return "a cap was reached"
        unwatched_since = self.of(pod).unwatched_since
        is_its_own = self.world.owner_of[pod.id].home is home
        if is_its_own and unwatched_since is not None and unwatched_since < moment:
            return "no program watches it"
        return ""

    def _look_at_cluster(
        self, pod: RentedCluster, account: Account, is_looked_after: LookedAfter
    ) -> None:
        """Who watches it, and whether its nodes end together."""
        now = now_seconds()
        if is_looked_after(pod, self.world.owner_of[pod.id].home):
            account.unwatched_since = None
        elif account.unwatched_since is None:
            account.unwatched_since = now
            account.was_unwatched |= pod.is_live
        since = pod.broken_since
        if since is None or account.ended_at is not None or account.is_struck:
            return
        trains = any(at < since for at, _ in self.world.machine(pod.id).steps)
        is_quiet = not any(
            call.has_failed and call.pod_id == pod.id and call.ended > since
            for call in self.world.hub_wire.calls
        )
        is_alone = pod.headless_since is None and trains and is_quiet
        if is_alone and now - since > TOGETHER_SECONDS and not self.world.machine(pod.id).is_hung:
            self.found("orphan", f"a node of {pod.id} is gone, and the others go on", pod.id)

    def _look_at(
        self, pod: Rented, account: Account, seconds: float, is_looked_after: bool
    ) -> None:
        on = self.world.faults_on()
        container = self.world.container(pod)
        pod_can = container is not None and container.can_release and "pod-key-refused" not in on
        by_stop_alone = bool(on & UNDELETABLE)
        laptop_can = is_looked_after and not by_stop_alone
        if isinstance(pod, RentedJob):
            # It ends with its container, whatever the Hub answers, and at the latest by its time-out there.
            pod_can = pod_can or _is_past_its_timeout(pod)
            laptop_can = laptop_can and not on & REFUSING
            on, by_stop_alone = set(), False
        if isinstance(pod, RentedRun):
            # It ends with its first process, whoever is connected.
            laptop_can = laptop_can and not on & REFUSING
            on, by_stop_alone = set(), False
        if isinstance(pod, RentedCluster):
            # No pod of it ends by itself, and none is stopped: only all of them are deleted.
            pod_can = pod_can and "members-delete-cluster" in on and not by_stop_alone
            by_stop_alone = False
        if on & REFUSING or not (pod_can or laptop_can):
            self.out_of_reach_seconds += seconds
            return
        if by_stop_alone and account.stop_only_seconds < STOP_SECONDS:
            account.stop_only_seconds += seconds
            return
        account.overdue_seconds += seconds
        struck_seconds = LATE_SECONDS if isinstance(pod, RentedRun) else STRUCK_SECONDS
        limit = struck_seconds if account.is_struck else GONE_SECONDS
        if isinstance(pod, RentedCluster):
            limit = max(limit, WATCHED_SECONDS)
        limit += 2 * LOOK_SECONDS
        if account.overdue_seconds > limit:
            late = now_seconds() - self.end_of(pod)
            self.found("orphan", f"pod {pod.id} lives {late:.0f} s after its run's end", pod.id)

    def _was_barred(self, seconds: float, faults: set[str]) -> bool:
        """Whether one of the faults was on in the last so many seconds."""
        since = now_seconds() - seconds
        on = self.world.faults_on()
        return any(name in on or self._barred_until.get(name, -1.0) >= since for name in faults)

    def _listen(self) -> None:
        """What pods said since the last look."""
        heard, self._heard = self.world.heard[self._heard :], len(self.world.heard)
        for each in heard:
            if '"event":"ended"' not in each.line and '"event":"armed"' not in each.line:
                continue
            account = self.accounts.setdefault(each.pod_id, Account())
            if from_line(each.line) is None:
                continue
            event = json.loads(each.line)
            if event["event"] == "ended" and account.ended_at is None:
                account.ended_at = each.at
            elif event["event"] == "armed" and event["works"] and account.armed_at is None:
                account.armed_at = each.at


def run_of(pod: Rented) -> str:
    name = PodName.parse(pod.name)
    return name.run_id if name is not None else ""


def cap_of(pod: Rented) -> float:
    """The first of its caps, reckoned from the cloud's own figures."""
    if isinstance(pod, RentedRun):
        return pod.run.cap_at
    settings = document(pod.env[RUN_VARIABLE]).settings
    by_cost = settings.max_cost_usd / pod.price_usd * HOUR if pod.price_usd else math.inf
    if isinstance(pod, RentedJob) and pod.started_at is not None:
        return min(pod.created_at + settings.max_hours * HOUR, pod.started_at + by_cost)
    return pod.created_at + min(settings.max_hours * HOUR, by_cost)


def _is_past_its_timeout(job: RentedJob) -> bool:
    """Whether the Hub had to end the job by now, if its time-out is what the caps allow."""
    since = job.started_at
    return since is not None and now_seconds() > since + (cap_of(job) - job.created_at)


@functools.lru_cache(maxsize=16)
def document(text: str) -> RunDocument:
    """A pod's document never changes, and it is looked at every few seconds of its life."""
    return RunDocument.from_json(text)


def moment() -> str:
    return f"{now_seconds() - START:.0f} s"
