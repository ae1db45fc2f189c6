"""Judges a simulation: no pod outlives its run, nothing delivered is lost, no run is rented twice, no secret is out."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from launcher.domain.pod import PodName
from launcher.emulator.runpod.pods import Pod
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.events import from_line
from pod_image.contract.outcomes import EndReason
from tests.simulation.schedule import HOUR, Schedule, Strike
from tests.simulation.world import RESULTS, TOKENS, World
from tests.virtual import START, now_seconds

GONE_SECONDS = 60.0
"""After its deadline, once somebody can end it, a pod has so long."""
UPLOAD_SECONDS = 240.0
"""A checkpoint that old, all well meanwhile, has to be in the repo."""
RECOVERY_SECONDS = 400.0
"""After the Hub's trouble: the longest pause between two tries, and an upload."""
REFUSING = {
    # Faults under which the cloud does not take calls: from whom, when not from anybody.
    "server-errors",
    "html-error-page",
    "rate-limited",
    "dropped-replies",
    "slow-replies",
    "delete-500",
    "delete-ignored",
}
HUB_TROUBLE_SECONDS = {
    "busy": 30.0,
    "down": 600.0,
    "down-for-hours": 3 * HOUR,
    "slow": 120.0,
    "silent": 120.0,
    "commit-refused": HOUR,
    "commit-quota": HOUR,
    "rate-limited": 240.0,
    "dropped": 30.0,
    "reset": 30.0,
    "whoami-busy": 180.0,
    "token-revoked": math.inf,
}


@dataclass(frozen=True)
class Finding:
    """A broken promise: orphan, lost, doubled or leaked."""

    kind: str
    text: str


@dataclass
class Verdict:
    """What came of one schedule."""

    seed: int
    findings: list[Finding]
    out_of_reach_seconds: float
    """Pods past their deadline while the cloud took no calls, or nobody with a key was alive."""
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
        self._in_reach_since: dict[str, float] = {}
        self._out_of_reach_seconds = 0.0
        self._last_look = now_seconds()
        self._gone_at: dict[str, float] = {}

    def look(self, is_looked_after: Callable[[Pod], bool]) -> None:
        """One look at all pods, every few seconds."""
        now = now_seconds()
        since, self._last_look = self._last_look, now
        runs: dict[str, list[Pod]] = {}
        for pod in self._world.cloud.pods.values():
            if not pod.is_live:
                self._gone_at.setdefault(pod.id, now)
                continue
            name = PodName.parse(pod.name)
            runs.setdefault(name.run_id if name else pod.id, []).append(pod)
            self._look_for_orphan(pod, now, now - since, is_looked_after(pod))
        for run_id, pods in runs.items():
            if len(pods) > 1:
                self._found("doubled", f"{run_id} has {len(pods)} live pods", run_id)

    def after_reap(self) -> None:
        """The laptop's reaper ran with all faults over: of its own pods none may be left past its end."""
        self._nothing_overdue("after the laptop's reap")

    def at_the_end(self) -> None:
        """A machine with nothing but the key has reaped as well."""
        for pod in self._world.cloud.pods.values():
            if pod.is_live:
                self._gone_at.setdefault(pod.id, now_seconds())
        self._nothing_overdue("after a reap elsewhere")
        left = [secret.name for secret in self._world.cloud.account.secrets.values()]
        if left:
            self._found("leaked", f"secrets of runs are left in the account: {left}", "account")
        for pod in self._world.cloud.pods.values():
            self._judge_results(pod)
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
            self._out_of_reach_seconds,
            len(world.cloud.pods),
            (*heard, *asked),
        )

    def _found(self, kind: str, text: str, about: str) -> None:
        self._findings.setdefault((kind, about), Finding(kind, f"{text} ({_moment()})"))

    # --- money

    def _look_for_orphan(self, pod: Pod, now: float, seconds: float, is_looked_after: bool) -> None:
        if now < self._end_of(pod):
            return
        if not self._is_in_reach(pod, is_looked_after):
            self._in_reach_since.pop(pod.id, None)
            self._out_of_reach_seconds += seconds
            return
        since = self._in_reach_since.setdefault(pod.id, now)
        if now - since > GONE_SECONDS:
            late = now - self._end_of(pod)
            self._found("orphan", f"pod {pod.id} lives {late:.0f} s after its deadline", pod.id)

    def _is_in_reach(self, pod: Pod, is_looked_after: bool) -> bool:
        """Whether the cloud takes calls and somebody who can end the pod is alive."""
        on = self._world.cloud.faults.on
        if REFUSING & set(on):
            return False
        container = self._world.container(pod)
        pod_can = container is not None and container.can_release and "pod-key-refused" not in on
        return pod_can or is_looked_after

    def _end_of(self, pod: Pod) -> float:
        settings = _document(pod.env[RUN_VARIABLE]).settings
        by_cost = settings.max_cost_usd / pod.price_usd * HOUR if pod.price_usd else math.inf
        return pod.created_at + min(settings.max_hours * HOUR, by_cost)

    def _nothing_overdue(self, when: str) -> None:
        for pod in self._world.cloud.pods.values():
            if pod.is_live and now_seconds() > self._end_of(pod):
                self._found("orphan", f"pod {pod.id} ({pod.status}) is there {when}", pod.id)

    # --- results

    def _judge_results(self, pod: Pod) -> None:
        uploads, ended = self._said(pod)
        repo = self._world.core.store.repos.get(("model", RESULTS))
        for upload in uploads:
            commit = repo.commits.get(upload["commit"]) if repo else None
            for file in upload["files"]:
                blob = commit.tree.get(file["path"]) if commit else None
                if blob is None or (blob.sha256, blob.size) != (file["sha256"], file["size_bytes"]):
                    self._found("lost", f"{file['path']} is not whole at its commit", pod.id)
        self._judge_checkpoints(pod, ended)
        if ended is not None:
            self._judge_end(pod, ended)

    def _said(self, pod: Pod) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        uploads, ended = [], None
        for heard in self._world.heard:
            if heard.pod_id != pod.id or from_line(heard.line) is None:
                continue
            event = json.loads(heard.line)
            if event["event"] == "upload":
                uploads.append(event)
            if event["event"] == "ended":
                ended = event
        return uploads, ended

    def _judge_checkpoints(self, pod: Pod, ended: dict[str, Any] | None) -> None:
        """Of what was saved in good time before the pod's end, the newest is in the repo: or a newer one."""
        if ended is not None and ended["reason"] in (EndReason.ABORTED, EndReason.LOST):
            return
        gone_at = self._gone_at.get(pod.id, now_seconds())
        due = [
            saved
            for saved in self._world.saved
            if saved.pod_id == pod.id
            and saved.at + UPLOAD_SECONDS <= gone_at
            and not self._was_troubled(saved.at, saved.at + UPLOAD_SECONDS)
        ]
        if not due:
            return
        wanted = max(saved.step for saved in due)
        newest = max(self._steps_in_repo(due[0].run_id), default=0)
        if newest < wanted:
            self._found("lost", f"step {wanted} was saved in time; the repo has {newest}", pod.id)

    def _steps_in_repo(self, run_id: str) -> Iterator[int]:
        """Steps of all checkpoints that the run's folder ever held."""
        repo = self._world.core.store.repos.get(("model", RESULTS))
        prefix = f"{run_id}/checkpoints/step-"
        for commit in repo.commits.values() if repo else ():
            for path in commit.tree:
                if path.startswith(prefix):
                    yield int(path.removeprefix(prefix).removesuffix(".ckpt"))

    def _judge_end(self, pod: Pod, ended: dict[str, Any]) -> None:
        """What `ended` calls delivered is there; with a Hub that worked all of it is."""
        if not EndReason(ended["reason"]).delivers:
            return
        repo = self._world.core.store.repos.get(("model", RESULTS))
        head = repo.head.tree if repo else {}
        for file in ended.get("delivered", ()):
            blob = head.get(file["path"])
            if blob is None or blob.sha256 != file["sha256"]:
                if self._was_taken_over(pod):
                    continue
                self._found("lost", f"{file['path']} was called delivered", pod.id)
        at = self._gone_at.get(pod.id, now_seconds())
        if ended.get("not_delivered") and not self._was_troubled(at - UPLOAD_SECONDS, at):
            self._found("lost", f"not delivered: {ended['not_delivered']}", pod.id)

    def _was_taken_over(self, pod: Pod) -> bool:
        """A later attempt prunes what an earlier one delivered."""
        name = PodName.parse(pod.name)
        names = (PodName.parse(each.name) for each in self._world.cloud.pods.values())
        return any(
            each and name and each.run_id == name.run_id and each.attempt > name.attempt
            for each in names
        )

    def _was_troubled(self, start: float, end: float) -> bool:
        """Whether something that keeps results from the Hub struck in that time, or just before."""
        return any(
            began < end and start < over for began, over in map(_trouble, self._schedule.strikes)
        )

    # --- secrets

    def _judge_secrets(self) -> None:
        for place, text in self._places():
            for secret in self._world.canaries:
                if secret in text:
                    label = next((k for k, v in TOKENS.items() if v == secret), "a RunPod key")
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
        for request in world.seen_requests:
            if not request.startswith("POST https://cloud.test/v2/account/secrets "):
                yield "a request to the cloud", request
        for entry in world.core.log:
            yield "an address of the Hub", f"{entry.path} {entry.user_agent}"
        for part in ("home", "elsewhere", "pods", "hub"):
            for path in sorted((world.root / part).rglob("*")):
                if path.is_file():
                    yield f"{part}/{path.name}", path.read_bytes().decode("utf-8", "replace")


def _trouble(strike: Strike) -> tuple[float, float]:
    """From when to when a strike may keep results from the Hub, recovery included."""
    at, seconds = START + strike.at, 0.0
    if strike.kind == "hub":
        seconds = HUB_TROUBLE_SECONDS.get(strike.name, 60.0) + RECOVERY_SECONDS
    elif strike.kind == "pod" and strike.name == "disk-full":
        seconds = strike.seconds + RECOVERY_SECONDS
    elif strike.kind == "pod" and strike.name in ("host-dies", "container-killed"):
        seconds = RECOVERY_SECONDS
    elif strike.name in ("agent-hangs", "agent-killed-alone"):
        seconds = math.inf  # nobody uploads: the guard only ends the money
    elif strike.name in ("container-restart-loop", "restart-wipes-disk") or strike.name in (
        "abort",
        "ctrl-c",
    ):
        seconds = math.inf
    return at - UPLOAD_SECONDS, at + seconds


def _moment() -> str:
    return f"{now_seconds() - START:.0f} s"


@functools.lru_cache(maxsize=16)
def _document(text: str) -> RunDocument:
    """A pod's document never changes, and it is looked at every few seconds of its life."""
    return RunDocument.from_json(text)
