"""Hugging Face Jobs as the place of a simulated run: jobs as pods, their containers, the ways to them, their faults."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
from pydantic import SecretStr

from launcher.clock import Clock
from launcher.emulator.hub import HubCore, HubTransport
from launcher.emulator.hub.faults import Rule, refused
from launcher.emulator.hub.jobs import FLAVORS, Job, Jobs
from launcher.emulator.hub.transport import AsyncHubTransport
from launcher.emulator.runpod.pods import Pod
from launcher.emulator.runpod.runner import CannotStart, Container, ContainerSpec, ExecOutcome
from launcher.providers.hf_jobs.client import HfJobsClient
from launcher.providers.hf_jobs.provider import HfJobsProvider
from pod_image import hub as hugging_face
from tests.kit.clouds import HUB_URL, JOBS, JOBS_TOKEN
from tests.simulation.cluster_place import RentedCluster
from tests.simulation.homes import Laptop
from tests.simulation.hub_wire import LATENCY_SECONDS
from tests.simulation.own_rented import RentedRun
from tests.simulation.processes import PROCESS
from tests.simulation.strangers import Stranger, strangers_pods

if TYPE_CHECKING:
    from tests.simulation.world import PodContainer, World

OWNER = JOBS.user
SCHEDULE_SECONDS = 10.0
LOG_POLL_SECONDS = 8.0
TICK_SECONDS = 20.0
_START = rf"^POST /api/jobs/{OWNER}$"
_CANCEL = r"^POST /api/jobs/.*/cancel$"
_ANY = r"^\w+ /api/jobs/"
_WHOAMI = "GET /api/whoami-v2"
_LOGS = r"^GET /api/jobs/.*/logs$"
_BUSY = refused(503, "Service Unavailable")
ONCE = {
    "start-reply-lost": Rule(_START, lose_reply=True),
    "start-answered-late": Rule(_START, delay_seconds=90.0),
    "start-refused": Rule(_START, times=2, refusal=_BUSY),
    "start-dropped": Rule(_START, times=2, drop=True),
}
WHILE = {
    "jobs-away": Rule(_ANY, refusal=_BUSY),
    "jobs-rate-limited": Rule(_ANY, refusal=refused(429, "Too many", Retry_After="30")),
    "jobs-replies-dropped": Rule(_ANY, lose_reply=True),
    "jobs-replies-slow": Rule(_ANY, delay_seconds=8.0),
    "cancel-refused": Rule(_CANCEL, refusal=refused(500, "Internal Error")),
    "logs-away": Rule(_LOGS, refusal=_BUSY),
}
COUNTED = {"job-error", "cancel-ignored-once"}
LASTING = {
    *("sold-out", "no-credit", "slow-to-schedule", "never-scheduled"),
    *("timeout-not-told", "cancel-ignored", "jobs-list-empty"),
}
"""Looked up among what is on, for as long as they last."""
_FLAVORS = {each.name: each for each in FLAVORS}


@dataclass(frozen=True)
class RentedJob:
    """A job with the fields of a pod, so that both are judged alike."""

    job: Job = field(repr=False)

    @property
    def id(self) -> str:
        return self.job.id

    @property
    def is_live(self) -> bool:
        return not self.job.is_over

    @property
    def status(self) -> str:
        return self.job.stage

    @property
    def created_at(self) -> float:
        return self.job.created_at

    @property
    def started_at(self) -> float | None:
        return self.job.started_at

    @property
    def name(self) -> str:
        return self.job.labels.get("name", "")

    @property
    def env(self) -> Mapping[str, str]:
        """What anybody of the account may read."""
        found: Mapping[str, str] = self.job.spec.get("environment") or {}
        return found

    @property
    def price_usd(self) -> float:
        return _FLAVORS[str(self.job.spec["flavor"])].usd_per_hour

    @property
    def container(self) -> Container | None:
        """None until it has begun, and once it is over."""
        running = self.job.container
        if self.job.is_over or not isinstance(running, JobContainer):
            return None
        return running.inner


Rented = Pod | RentedJob | RentedCluster | RentedRun
"""What costs money, wherever it is."""


class JobContainer:
    """The container of a job. It begins and ends on the loop: what the Hub is asked may be asked from a thread."""

    next_due: float | None = None

    def __init__(
        self, world: World, begin: Callable[[], PodContainer], spec: ContainerSpec
    ) -> None:
        self._world, self._begin, self._spec = world, begin, spec
        self.inner: PodContainer | None = None
        self._is_stopped = False
        self._on_loop(self._start)

    def _start(self) -> None:
        if not self._is_stopped:
            self.inner = self._begin()
            self._world.containers.setdefault(self._spec.pod_id, []).append(self.inner)

    def _on_loop(self, step: Callable[[], None]) -> None:
        # In nobody's context: who asked for it may be dead by then.
        self._world.loop.call_soon(step, context=Context())

    def exit_code(self, now: float) -> int | None:
        return self.inner.exit_code(now) if self.inner is not None else None

    def stop(self) -> None:
        self._is_stopped = True
        self._on_loop(self._kill_inner)

    def kill(self) -> None:
        self.stop()

    def _kill_inner(self) -> None:
        if self.inner is not None:
            self.inner.kill()

    async def execute(
        self, command: list[str], cwd: str | None, timeout_seconds: float
    ) -> ExecOutcome:
        return ExecOutcome(127, stderr="no other command runs in a job")


@dataclass
class SimulatedJobs(Jobs):
    """Jobs of the Hub, of which some cannot be cancelled: the answer is good, and the job goes on."""

    ignores_cancel: bool = False
    ignored_cancels: int = 0
    """So many of those to come."""

    def cancel(self, job: Job) -> None:
        if self.ignored_cancels > 0:
            self.ignored_cancels -= 1
        elif not self.ignores_cancel:
            super().cancel(job)


@dataclass
class JobsPlace:
    """What the Hub's jobs are in a world: they run there, are reached from there, and go wrong there."""

    world: World
    core: HubCore
    failing_jobs: int = 0
    """So many of the jobs to come cannot start their container."""
    on: list[str] = field(default_factory=list)
    """Names of the faults that last."""
    strangers: set[str] = field(default_factory=set)
    """Ids of jobs that are other people's."""

    def __post_init__(self) -> None:
        self.core.tokens[JOBS_TOKEN] = JOBS
        self.jobs = SimulatedJobs(self.core.now, self, schedule_seconds=SCHEDULE_SECONDS)
        self.core.jobs = self.jobs

    def rented(self) -> list[RentedJob]:
        """Every job that the person's computers started, whatever became of it."""
        owned = self.world.owner_of
        return [RentedJob(job) for job_id, job in self.jobs.by_id.items() if job_id in owned]

    def provider(self, clock: Clock) -> HfJobsProvider:
        """As one computer has it."""
        token = SecretStr(JOBS_TOKEN)
        hub = hugging_face.Hub(
            token,
            endpoint=HUB_URL,
            now=self.core.now,
            sleep=self.world.threads.sleep,
            transport=JobsWire(self),
            use_xet=False,
        )
        client = HfJobsClient(
            token,
            HUB_URL,
            hub=hub,
            transport=JobLogWire(self),
            run_blocking=self.world.threads,
            clock=clock,
        )
        return HfJobsProvider(client, clock=clock)

    def rent_strangers(self) -> None:
        """Other people have jobs in the same account, some of them of this very program."""
        for body in strangers_pods():
            spec = {
                "dockerImage": body["image"],
                "command": ["python", "work.py"],
                "environment": body["env"],
                "flavor": "cpu-basic",
                "labels": {"name": body["name"]},
                "timeoutSeconds": 24 * 3600,
            }
            self.strangers.add(self.jobs.start(OWNER, spec).id)

    def kill_host(self, job_id: str) -> None:
        """Its machine is gone, and the Hub starts it on no other."""
        self.jobs._end(self.jobs.by_id[job_id], "ERROR", "The machine of the job is gone.")

    # --- the runner of jobs

    def start(self, spec: ContainerSpec, log: Callable[[str], None], now: float) -> Container:
        if spec.pod_id in self.strangers:
            return Stranger()
        if self.failing_jobs > 0:
            self.failing_jobs -= 1
            raise CannotStart("the image cannot be pulled")
        return JobContainer(self.world, lambda: self.world.new_container(spec, log), spec)

    def wipe(self, pod_id: str) -> None: ...

    def remove(self, pod_id: str) -> None: ...

    def close(self) -> None: ...

    # --- what goes wrong

    def faults_on(self) -> set[str]:
        """Names of what keeps the Hub's jobs from doing what they are asked, as it is now."""
        names = set(self.on)
        now = self.core.now()
        for rule in self.core.faults._rules:
            asked = [f"GET /api/jobs/{OWNER}", f"POST /api/jobs/{OWNER}/x/cancel", _WHOAMI]
            is_on = rule.times == math.inf and now < rule.until
            refuses = rule.refusal is not None or rule.drop
            if is_on and refuses and any(re.search(rule.pattern, each) for each in asked):
                names.add("hub-away")
        return names

    async def strike(self, name: str, seconds: float, options: Mapping[str, Any]) -> None:
        """Let that go wrong, for as long as it lasts where it is nothing that happens a few times."""
        if name == "job-error":
            self.failing_jobs += 1
        elif name == "cancel-ignored-once":
            self.jobs.ignored_cancels += 1
        elif name in ONCE:
            self.core.faults.add(replace(ONCE[name]))
        elif name in WHILE:
            rule = replace(WHILE[name], times=math.inf, until=self.core.now() + seconds)
            if "status" in options:
                rule.refusal = refused(options["status"], "Internal Error")
            self.core.faults.add(rule)
        elif name not in LASTING:
            raise ValueError(f"{name} is no fault of jobs")
        self.on.append(name)
        self._settle()
        await asyncio.sleep(seconds)
        self.on.remove(name)
        self._settle()

    def end_faults(self) -> None:
        self.on.clear()
        self.failing_jobs = self.jobs.ignored_cancels = 0
        self.core.faults.clear()
        self._settle()

    def _settle(self) -> None:
        self.jobs.ignores_cancel = "cancel-ignored" in self.on
        self.jobs.is_sold_out = "sold-out" in self.on
        self.jobs.has_credit = "no-credit" not in self.on
        self.jobs.tells_timeout = "timeout-not-told" not in self.on
        is_slow = "slow-to-schedule" in self.on
        self.jobs.schedule_seconds = 400.0 if is_slow else SCHEDULE_SECONDS
        if "never-scheduled" in self.on:
            self.jobs.schedule_seconds = math.inf


class JobsWire(httpx2.BaseTransport):
    """The launcher's way to the jobs of the Hub: it takes time, and notes whose a job is."""

    def __init__(self, place: JobsPlace) -> None:
        self._place = place
        self._inner = HubTransport(place.core, place.world.threads.sleep)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self._pause("before")
        before = set(self._place.jobs.by_id)
        try:
            response = self._inner.handle_request(request)
        finally:
            self._note(before)
        is_list = (request.method, request.url.path) == ("GET", f"/api/jobs/{OWNER}")
        if is_list and "jobs-list-empty" in self._place.on and response.status_code == 200:
            response = httpx2.Response(200, json=[], request=request)
        self._pause("after")
        return response

    def _note(self, before: set[str]) -> None:
        process = PROCESS.get()
        for job_id in set(self._place.jobs.by_id) - before:
            assert isinstance(process, Laptop)
            self._place.world.owner_of[job_id] = process

    def _pause(self, when: str) -> None:
        process = PROCESS.get()
        if isinstance(process, Laptop) and process.has_to_die(when):
            self._place.world.loop.call_soon(process.die, context=Context())
        self._place.world.threads.sleep(LATENCY_SECONDS)


class JobLogWire(AsyncHubTransport):
    """The launcher's way to the log of a job, which is sent as long as the job lives."""

    def __init__(self, place: JobsPlace) -> None:
        super().__init__(place.core, asyncio.sleep, LOG_POLL_SECONDS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(LATENCY_SECONDS)
        return await super().handle_async_request(request)
