"""Judges a simulation: no pod outlives its run, nothing that could be delivered is lost, no run is rented twice, no
secret is out, and nothing of other people is touched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from launcher.domain.run import Run
from tests.kit.clouds import JOBS_TOKEN, TOKENS
from tests.simulation.cluster_place import RentedCluster
from tests.simulation.homes import Home, Laptop
from tests.simulation.jobs_place import Rented
from tests.simulation.judged_results import Results
from tests.simulation.money import LookedAfter, Money, moment, run_of
from tests.simulation.own_judge import OwnJudge
from tests.simulation.schedule import Schedule
from tests.simulation.world import World


@dataclass(frozen=True)
class Finding:
    """A broken promise: orphan, lost, doubled, leaked, touched or untrue."""

    kind: str
    text: str


@dataclass
class Verdict:
    """What came of one schedule."""

    seed: int
    findings: list[Finding]
    out_of_reach_seconds: float
    """Pods past the end of their run while the cloud took no calls, or nobody with a key was alive."""
    pods: int
    trace: tuple[str, ...] = field(repr=False)

    @property
    def digest(self) -> str:
        """Equal for equal schedules: every line of every pod, and every request."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()

    def count(self, kind: str) -> int:
        return sum(finding.kind == kind for finding in self.findings)


class Judge:
    """Looks on while a schedule is played, and afterwards."""

    def __init__(self, world: World, schedule: Schedule, log_records: list[str]) -> None:
        self._world, self._schedule, self._log_records = world, schedule, log_records
        self._findings: dict[tuple[str, str], Finding] = {}
        self.money = Money(world, self._found)
        self.results = Results(world, self.money, self._found)
        self.own: OwnJudge | None = None
        if world.own is not None:
            self.own = OwnJudge(world, world.own, self.money, schedule, self._found)

    def look(self, is_looked_after: LookedAfter) -> None:
        """One look at all pods, every few seconds."""
        self.money.look(is_looked_after)
        self.results.look()
        if self.own is not None:
            self.own.look()
        self._look_for_doubles()

    def over(
        self, laptop: Laptop, pods: list[Rented], what: str, *, is_wanted: bool = False
    ) -> None:
        """A command that had to end these pods is over; `is_wanted`: also those that are armed."""
        self.money.over(laptop, pods, what, is_wanted=is_wanted)

    def after_reap(self, home: Home, began: float, *, is_sure: bool = False) -> None:
        self.money.after_reap(home, began, is_sure=is_sure)

    def at_the_end(self, known: list[Run]) -> None:
        """A machine with nothing but the key has reaped as well. `known`: what stands in the history of the first."""
        self.money.at_the_end()
        left = [secret.name for secret in self._world.cloud.account.secrets.values()]
        if left:
            self._found("leaked", f"secrets of runs are left in the account: {left}", "account")
        self.results.at_the_end()
        self._judge_further_nodes()
        if self.own is not None:
            self.own.at_the_end(known)
        self._judge_secrets()

    def verdict(self) -> Verdict:
        world = self._world
        heard = (f"{each.at:.3f} {each.pod_id} {each.line}" for each in world.heard)
        asked = (
            f"{seen.at:.3f} {seen.method} {seen.path} {seen.status}"
            for seen in world.cloud.requests
        )
        return Verdict(
            self._schedule.seed,
            list(self._findings.values()),
            self.money.out_of_reach_seconds,
            len(world.our_pods()),
            (*heard, *asked, *self._asked_about_jobs()),
        )

    def _asked_about_jobs(self) -> Iterator[str]:
        for seen in self._world.core.log:
            if seen.path.startswith("/api/jobs/"):
                yield f"{seen.at:.3f} {seen.method} {seen.path} {seen.status}"

    def _found(self, kind: str, text: str, about: str) -> None:
        self._findings.setdefault((kind, about), Finding(kind, f"{text} ({moment()})"))

    def _look_for_doubles(self) -> None:
        """One computer never has two pods of one run; two computers may, until the later pod has looked at the repo."""
        runs: dict[str, list[Rented]] = {}
        for pod in self._world.our_pods():
            if pod.is_live:
                runs.setdefault(run_of(pod), []).append(pod)
        for run_id, pods in runs.items():
            homes = [self._world.owner_of[pod.id].home for pod in pods]
            if len({id(home) for home in homes}) < len(homes):
                self._found("doubled", f"{run_id} has {len(pods)} live pods", run_id)
            elif sum(bool(self._world.machine(pod.id).steps) for pod in pods) > 1:
                self._found("doubled", f"{len(pods)} pods train {run_id}", run_id)

    def _judge_further_nodes(self) -> None:
        """The first node alone speaks for a cluster: at the Hub no other writes."""
        clusters = [pod for pod in self._world.our_pods() if isinstance(pod, RentedCluster)]
        further = {node.id for pod in clusters for node in pod.nodes[1:]}
        for call in self._world.hub_wire.calls:
            if call.is_commit and call.pod_id in further:
                self._found("doubled", "a further node writes to the results", call.pod_id)

    # --- secrets

    def _judge_secrets(self) -> None:
        for job in self._world.core.jobs.by_id.values():
            if any(JOBS_TOKEN in value for value in job.env.values()):
                self._found("leaked", "the token that starts jobs went into one", job.id)
        for place, text in self._places():
            for secret in self._world.secret_values:
                if secret in text:
                    labels = {value: name for name, value in TOKENS.items()} | {JOBS_TOKEN: "jobs"}
                    label = labels.get(secret, "a RunPod key")
                    self._found("leaked", f"{label} stands in {place}", place)

    def _places(self) -> Iterator[tuple[str, str]]:
        """Every place where a secret must not be, and what stands there."""
        world = self._world
        for heard in world.heard:
            yield f"the output of {heard.pod_id}", heard.line
        for number, environment in enumerate(world.stage_environments):
            yield f"the environment of stage {number}", json.dumps(environment)
        for text in world.said_here:
            yield "what the launcher said", text
        for text in self._log_records:
            yield "the program's log", text
        for pod in world.cloud.pods.values():
            yield f"the definition of {pod.id}", json.dumps([pod.name, pod.args, pod.env])
        for job in world.core.jobs.by_id.values():
            yield f"the definition of job {job.id}", json.dumps(world.core.jobs.document(job))
        for request in world.seen_requests:
            if not request.startswith("POST https://cloud.test/v2/account/secrets "):
                yield "a request to the cloud", request
        for entry in world.core.log:
            yield "an address of the Hub", f"{entry.path} {entry.user_agent}"
        if self.own is not None:
            yield from self.own.text_of_places()
        for part in ("home", "elsewhere", "nowhere", "pods", "hub", "machine"):
            for path in sorted((world.root / part).rglob("*")):
                if path.is_file() and path.suffix not in (".ckpt", ".bin"):
                    yield f"{part}/{path.name}", path.read_bytes().decode("utf-8", "replace")
