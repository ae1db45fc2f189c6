"""The world of a simulation: emulated cloud and Hub, pods with the real agent, a laptop with the real launcher."""

from __future__ import annotations

import asyncio
import io
import json
import math
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
from pydantic import SecretStr

from launcher.config import Config
from launcher.domain.offer import Offer
from launcher.domain.plan import Composed, DatasetSummary, Plan
from launcher.emulator.hub import HubCore
from launcher.emulator.hub.routes import ROUTES
from launcher.emulator.hub.store import Repo
from launcher.emulator.hub.transport import AsyncHubTransport
from launcher.emulator.runpod import ExecOutcome, Gateway, RunPodWorld
from launcher.emulator.runpod.pods import Pod
from launcher.emulator.runpod.routes_pods import STREAM_POLL_SECONDS
from launcher.emulator.runpod.runner import ContainerSpec
from launcher.hub.access import HubAccess
from launcher.providers.base import Provider
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.place import RUNPOD
from launcher.providers.runpod.provider import RunPodProvider
from launcher.services.common.workbench import NoProvider, Workbench
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import Keys
from pod_image import hub as hugging_face
from pod_image.agent import guard as guard_module
from pod_image.agent.hugging_face import PATIENCE, HuggingFace
from pod_image.agent.ports import GuardOrders, Line, Ports, ProcessSpec, RunHub
from pod_image.agent.story import run_pod
from pod_image.agent.timing import Timing
from pod_image.contract.settings import RunSettings
from pod_image.control import main as control
from pod_image.hub import own_folder
from tests.kit.clocks import MachineClock, WorldClock
from tests.kit.clouds import (
    CLIPS_REPO,
    FIXED_TOKENS,
    GPU,
    HUB_URL,
    JOBS_TOKEN,
    RESULTS_REPO,
    TOKENS,
)
from tests.kit.plans import offer
from tests.kit.pod_programs import said_to_control
from tests.kit.virtual_time import START, StreamingTransport, now_seconds
from tests.simulation.cluster_place import ClusterPlace, NodeStage, RentedCluster
from tests.simulation.disks import Disk
from tests.simulation.homes import Home, Laptop
from tests.simulation.hub_wire import LATENCY_SECONDS, HubWire, PodProcess
from tests.simulation.jobs_place import TICK_SECONDS, JobsPlace, Rented
from tests.simulation.patches import SCALE
from tests.simulation.processes import PROCESS, Process, ProcessLoop, Threads, spawn
from tests.simulation.strangers import Stranger, strangers_pods
from tests.simulation.trainer import Machine, ScriptedStage, Work

if TYPE_CHECKING:
    from tests.simulation.own_place import OwnPlace

CLOUD_URL = "https://cloud.test"
HUB_HOST = httpx.URL(HUB_URL).host
OTHER_GPU = "NVIDIA RTX A5000"
TIMING = Timing(
    watch_seconds=10.0,
    spool_seconds=15.0,
    numbered_instructions_seconds=120.0,
    machine_seconds=120.0,
    heartbeat_seconds=120.0,
    delivery_batch_bytes=(100 << 20) // SCALE,
)
LOG_POLL_SECONDS = 8.0
BOOT_MINUTES = 10.0


@dataclass(frozen=True)
class Heard:
    """A line of a pod's output."""

    at: float
    pod_id: str
    line: str


class Wire(httpx.AsyncBaseTransport):
    """The way to the cloud: takes time, and lets a watcher see what goes over it."""

    def __init__(self, world: World, app: Gateway) -> None:
        self._world = world
        self._inner = StreamingTransport(app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._world.jobs is not None and request.url.host == HUB_HOST:
            # A pod that asks the Hub what time it is.
            await asyncio.sleep(LATENCY_SECONDS)
            return await AsyncHubTransport(self._world.core).handle_async_request(request)
        await self._pause("before")
        self._world.see_request(request)
        if request.method == "POST" and request.url.path in ("/v2/pods", "/v2/clusters"):
            return await self._ordered(request)
        return await self._answered(request)

    async def _ordered(self, request: httpx.Request) -> httpx.Response:
        """Note whose pod it is, also when its answer never comes."""
        world, process = self._world, PROCESS.get()
        before = set(world.cloud.pods)
        try:
            return await self._answered(request)
        finally:
            for pod_id in set(world.cloud.pods) - before - set(world.owner_of):
                assert isinstance(process, Laptop)
                world.owner_of[pod_id] = process

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        response.headers["date"] = formatdate(now_seconds(), usegmt=True)
        await self._pause("after")
        return response

    async def _pause(self, when: str) -> None:
        process = PROCESS.get()
        if process is not None and isinstance(process, Laptop):
            process.is_calling(when)
        await asyncio.sleep(LATENCY_SECONDS)


class PodProcesses:
    """`Processes` of one container: scripted stages, a GPU that answers, the real guard."""

    def __init__(self, container: PodContainer) -> None:
        self._container = container

    async def start(self, spec: ProcessSpec, on_event: Line, on_output: Line) -> ScriptedStage:
        container = self._container
        container.world.stage_environments.append(dict(spec.environment))
        process = Process("stage", container.process)
        parts = (container.machine, spec, on_event, on_output, process, container.agent)
        clusters = container.world.clusters
        if clusters is not None:
            return NodeStage(clusters.others(container.pod_id), *parts)
        return ScriptedStage(*parts)

    async def answer(self, argv: Sequence[str], timeout_seconds: float) -> str | None:
        words = " ".join(argv)
        if "gpu_trial" in words:
            await asyncio.sleep(6.0)
            speed = 0.2 if self._container.machine.is_lame else 60.0
            device = {"name": "GPU", "kind": "cuda", "is_right": True, "tflops": speed}
            return json.dumps({"has_torch": True, "devices": [device]})
        if "driver_version" in words:
            return "GPU-0a1b2c3d, NVIDIA GeForce RTX 4090, 570.1, 24564 MiB\n"
        return f"{self._container.machine.gpu_percent}, 4096, 24564, 61\n"

    async def clear_leftovers(self, pid: int, started: str) -> None: ...

    def started(self, pid: int) -> str:
        return "1"

    def trainer_user(self, folder: Path) -> tuple[str | None, str]:
        return None, ""

    def hand_over(self, path: Path, user: str | None) -> None: ...

    def start_guard(self, orders: GuardOrders) -> LivingGuard:
        return LivingGuard(self._container, orders)


class LivingGuard:
    """The real guard in a process of its own, told over a pipe."""

    def __init__(self, container: PodContainer, orders: GuardOrders) -> None:
        self._pipe = asyncio.StreamReader()
        self._write(
            {
                "pod": dict(orders.pod),
                "folder": str(orders.folder),
                "caps": None if orders.caps is None else asdict(orders.caps),
            }
        )
        world = container.world
        self._process = container.guard = Process("guard", container.process)
        work = guard_module.guard(
            self._pipe,
            world.http,
            container.clock,
            world.timing,
            container.say,
            lambda orders: SeenAgent(container),
        )
        spawn(container.guard, work)
        container.agent.at_death.append(self._pipe.feed_eof)

    def beat(self, release_in_seconds: float) -> None:
        self._write({"release_in_seconds": release_in_seconds})

    def is_well(self) -> bool:
        return not self._process.is_still

    def end(self) -> None:
        self._process.die()

    def _write(self, document: dict[str, Any]) -> None:
        self._pipe.feed_data(json.dumps(document).encode() + b"\n")


class SeenAgent:
    """The agent of a container, as its guard sees it. The container ends with it."""

    def __init__(self, container: PodContainer) -> None:
        self._container = container

    def answer(self) -> None: ...

    def is_stopped(self) -> bool:
        return self._container.agent.is_still

    def kill(self) -> None:
        self._container.kill()


class PodContainer:
    """A container in which the real agent lives."""

    next_due: float | None = None

    def __init__(self, world: World, spec: ContainerSpec, log: Callable[[str], None]) -> None:
        self.world = world
        self.pod_id = spec.pod_id
        self.machine = world.machine(spec.pod_id)
        self.clock = world.pod_clock(spec.pod_id)
        self.process = PodProcess(spec.pod_id)
        self.agent = Process("agent", self.process)
        self.guard: Process | None = None
        self._log = log
        self._task = spawn(self.agent, run_pod(self._ports(spec)))

    @property
    def can_release(self) -> bool:
        """Whether someone in it can end its pod."""
        is_guarded = self.guard is not None and not self.guard.is_still
        return not self._task.done() and (not self.agent.is_still or is_guarded)

    def _ports(self, spec: ContainerSpec) -> Ports:
        world = self.world
        return Ports(
            environment=spec.env,
            folder=self.machine.folder,
            clock=self.clock,
            http=world.http,
            processes=PodProcesses(self),
            hub=world.hub_of,
            run_blocking=world.threads,
            write_line=self.say,
            flush=self._flush,
            timing=world.timing,
            checks_machine=True,
        )

    def say(self, line: str) -> None:
        self.world.heard.append(Heard(now_seconds(), self.pod_id, line))
        self._log(line)

    async def _flush(self) -> None: ...

    def exit_code(self, now: float) -> int | None:
        if self.process.is_dead:
            return 137
        if not self._task.done():
            return None
        return 1 if self._task.cancelled() or self._task.exception() else self._task.result()

    def stop(self) -> None:
        self.kill()

    def kill(self) -> None:
        self.process.die()
        for stage in self.machine.stages:
            stage.kill()

    async def execute(
        self, command: list[str], cwd: str | None, timeout_seconds: float
    ) -> ExecOutcome:
        said = said_to_control(command)
        if said is None:
            return ExecOutcome(127, stderr=f"exec: {command[0]}: not found\n")
        out = io.StringIO()
        with redirect_stdout(out):
            code = control(said, self.machine.folder)
        return ExecOutcome(code, stdout=out.getvalue())


@dataclass
class World:
    """Everything. Made inside a running ProcessLoop."""

    root: Path
    work: Work
    max_hours: float
    max_cost_usd: float = 10.0
    upload_bytes_per_second: float = 20_000.0
    """Twenty megabytes: one byte stands for a thousand."""
    heard: list[Heard] = field(default_factory=list)
    stage_environments: list[dict[str, str]] = field(default_factory=list)
    said_here: list[str] = field(default_factory=list)
    """What a person saw on their machine."""
    seen_requests: list[str] = field(default_factory=list)
    """Address and body of each request to the cloud, as sent."""
    histories: list[RunHistory] = field(default_factory=list)
    timing: Timing = TIMING
    blurts_tokens: bool = False
    place: str = "runpod"
    has_results_folder: bool = False
    """The results go to a folder of the machine, in the place of a repo."""
    nodes: int = 1
    """Of each run; several are a cluster."""
    lame_pods: int = 0
    """So many of the pods to come have a GPU that is too slow."""

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ProcessLoop)
        self.loop = loop
        self.threads = Threads(loop)
        self.cloud = RunPodWorld(WorldClock(loop), self, balance_usd=200.0)
        self.cloud.limiter.windows = ()  # limits are drawn as a fault, not met by accident
        self.core = HubCore(
            self.root / "hub",
            self.cloud.clock.now,
            ROUTES,
            tokens=dict(FIXED_TOKENS),
            xet=False,
            public_url=HUB_URL,
            cdn_url="http://cdn.test",
        )
        self.hub_wire = HubWire(
            self.core, self.threads, self.cloud.clock.now, self.upload_bytes_per_second
        )
        self._wire = Wire(self, Gateway(self.cloud, in_process=True, sleep=_gateway_sleep))
        self.containers: dict[str, list[PodContainer]] = {}
        self.machines: dict[str, Machine] = {}
        self.clocks: dict[str, MachineClock] = {}
        self.pod_skew_seconds = 0.0
        self.strangers: set[str] = set()
        """Ids of pods that are other people's."""
        self.owner_of: dict[str, Laptop] = {}
        """Which command rented a pod of ours."""
        self.dead_hosts: set[str] = set()
        """Pods that the cloud took away."""
        self.deleted_repos: list[tuple[float, Repo]] = []
        self.keys = Keys(
            SecretStr(self.cloud.api_key), SecretStr(TOKENS["read"]), SecretStr(TOKENS["write"])
        )
        self.jobs = JobsPlace(self, self.core) if self.place == "hf-jobs" else None
        self.clusters = ClusterPlace(self) if self.nodes > 1 else None
        if self.clusters is not None:
            # What its pods try for hours is refused: asked so often, it would be most of the work here.
            self.timing = replace(self.timing, longest_release_backoff_seconds=100.0)
        if self.jobs is not None:
            self.keys = replace(self.keys, runpod=None, hf_jobs=SecretStr(JOBS_TOKEN))
        self.own = self._own_machine() if self.place in ("ssh", "local") else None
        self._put_clips()
        self._ticking = asyncio.ensure_future(self._tick())

    def _own_machine(self) -> OwnPlace:
        from tests.simulation.own_place import OwnPlace  # its containers are made of this file's

        self.keys = replace(self.keys, runpod=None)
        return OwnPlace(self, self.place, self.root / "machine")

    def home(self, name: str) -> Home:
        """Where one computer of the person keeps what it knows."""
        return Home(
            Config(
                self.root / name / "config",
                self.root / name / "data",
                place_urls={"runpod": CLOUD_URL},
                hub_url=HUB_URL,
                poll_seconds=30.0,
            )
        )

    @property
    def secret_values(self) -> tuple[str, ...]:
        """Every secret there is, by value."""
        values = [self.cloud.api_key, TOKENS["read"], TOKENS["write"], JOBS_TOKEN]
        return tuple(values + [pod.key.value for pod in self.cloud.pods.values()])

    # --- the cloud's runner

    def start(
        self, spec: ContainerSpec, log: Callable[[str], None], now: float
    ) -> PodContainer | Stranger:
        if spec.pod_id in self.strangers:
            return Stranger()
        container = self.new_container(spec, log)
        self.containers.setdefault(spec.pod_id, []).append(container)
        return container

    def new_container(self, spec: ContainerSpec, log: Callable[[str], None]) -> PodContainer:
        return PodContainer(self, spec, log)

    def wipe(self, pod_id: str) -> None:
        import shutil

        if pod_id not in self.strangers:
            shutil.rmtree(self.machine(pod_id).folder, ignore_errors=True)
            self.machine(pod_id).disk.removed()

    def remove(self, pod_id: str) -> None: ...

    def close(self) -> None:
        for containers in self.containers.values():
            for container in containers:
                container.kill()
        self.threads.close()

    def machine(self, pod_id: str) -> Machine:
        if pod_id not in self.machines:
            folder = self.root / "pods" / pod_id / "run"
            if self.own is not None:
                folder = self.own.folder_of(pod_id)
            folder.parent.mkdir(parents=True, exist_ok=True)
            pod = self.cloud.pods.get(pod_id)
            keys = [pod.key.value] if pod is not None else []
            writes = () if self.has_results_folder else (TOKENS["write"],)
            own = (TOKENS["read"], *writes, *keys)
            blurted = " ".join(own) if self.blurts_tokens else ""
            self.machines[pod_id] = Machine(
                pod_id, folder, now_seconds, self.work, Disk(now_seconds), blurted=blurted
            )
            self.machines[pod_id].is_lame = self.lame_pods > 0
            self.lame_pods = max(0, self.lame_pods - 1)
        return self.machines[pod_id]

    def pod_clock(self, pod_id: str) -> MachineClock:
        clock = self.clocks.setdefault(pod_id, MachineClock())
        clock.skew_seconds = self.pod_skew_seconds
        return clock

    def container(self, pod: Rented) -> PodContainer | None:
        """The container that is up in the pod now."""
        found = self.containers.get(pod.id)
        return found[-1] if found and pod.container is found[-1] else None

    async def _tick(self) -> None:
        while True:
            self.cloud.tick()
            due = self.cloud.next_due()
            left = math.inf if due is None else due - self.cloud.clock.now()
            longest = 20.0 if self.cloud.live_pods() else 60.0
            if self.jobs is not None:
                self.core.look_after_jobs()
                longest = TICK_SECONDS
            await asyncio.sleep(min(longest, max(0.1, left)))

    # --- ways to the cloud and to the Hub

    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self._wire, timeout=self.timing.request_seconds)

    def hub_of(self, run: RunHub) -> HuggingFace:
        return HuggingFace(
            run,
            now=self.cloud.clock.now,
            sleep=self.threads.sleep,
            transport=self.hub_wire,
            use_xet=False,
            patience=replace(PATIENCE, workers=1),
        )

    def see_request(self, request: httpx.Request) -> None:
        body = request.content.decode("utf-8", "replace")
        self.seen_requests.append(f"{request.method} {request.url} {body}")

    # --- the launcher

    def open_bench(self, home: Home) -> Workbench:
        config, clock = home.config, home.clock
        client = RunPodClient(
            SecretStr(self.cloud.api_key),
            CLOUD_URL,
            transport=self._wire,
            clock=clock,
        )
        access = HubAccess(
            self._hub(TOKENS["read"]), self._hub(TOKENS["write"]), run_blocking=self.threads
        )
        runs = RunHistory(config.history_path)
        self.histories.append(runs)
        home.keeps(runs)
        if self.jobs is None and self.own is None:
            return Workbench(config, RunPodProvider(client), access, runs, clock)
        nothing = cast(Provider, NoProvider(RUNPOD))
        others: dict[str, Provider] = {}
        if self.jobs is not None:
            others = {"hf-jobs": self.jobs.provider(clock)}
        if self.own is not None:
            others = self.own.providers(clock)
        return Workbench(config, nothing, access, runs, clock, others=others)

    def plan(self, run_id: str, *, resume: bool = False) -> Plan:
        recipe: dict[str, Any] = {"recipe": self.work.recipe}
        if self.work.recipe == "piper":
            recipe |= {"voice_name": "demo", "quality": "x-low", "base_checkpoint": ""}
        else:
            recipe |= {"argv": ["python", "train.py"], "outputs": ["out/**"]}
        where: dict[str, Any] = {"results_repo": RESULTS_REPO}
        if self.own is not None:
            where = self.own.where_to(RESULTS_REPO if not self.has_results_folder else "")
        settings = RunSettings(
            **recipe,
            **where,
            provider="runpod" if self.clusters is not None else self.place,
            nodes=self.nodes,
            dataset_repo=CLIPS_REPO,
            max_hours=self.max_hours,
            max_cost_usd=self.max_cost_usd,
            boot_minutes=BOOT_MINUTES,
        )
        count = self.nodes
        offers: tuple[Offer, ...] = (
            offer(GPU, "RTX 4090", 0.69 * count, nodes=count),
            offer(OTHER_GPU, "RTX A5000", 0.27 * count, nodes=count),
        )
        if self.jobs is not None:
            offers = (offer("t4-medium", "T4", 0.60), offer("t4-small", "T4", 0.40))
        if self.own is not None:
            offers = (offer(GPU, "RTX 4090", 0.0),)
        commit = self.core.store.repos["dataset", CLIPS_REPO].head.oid
        dataset = DatasetSummary(CLIPS_REPO, commit, clips=1, minutes=1.0)
        return Plan(Composed(settings, {}), run_id, offers, dataset, resume=resume)

    def our_pods(self) -> Sequence[Rented]:
        if self.jobs is not None:
            return self.jobs.rented()
        if self.own is not None:
            return self.own.rented()
        if self.clusters is not None:
            return self.clusters.rented()
        return [pod for pod in self.cloud.pods.values() if pod.id in self.owner_of]

    def our_pod(self, pod_id: str) -> Rented:
        """By the id that its run has."""
        return next(pod for pod in self.our_pods() if pod_id in (pod.id, name_of(pod)))

    def faults_on(self) -> set[str]:
        """Names of the faults of the place of the run, as it is now."""
        if self.own is not None:
            return self.own.faults_on()
        return set(self.cloud.faults.on) if self.jobs is None else self.jobs.faults_on()

    def end_faults(self) -> None:
        """All is well with the place from here on."""
        self.cloud.faults.switch_off()
        if self.jobs is not None:
            self.jobs.end_faults()
        if self.own is not None:
            self.own.end_faults()

    def kill_host(self, pod: Rented) -> None:
        self.dead_hosts.add(pod.id)
        if isinstance(pod, Pod):
            self.cloud.kill_host(pod)
        elif self.jobs is not None:
            self.jobs.kill_host(pod.id)

    def delete_repo(self) -> None:
        """Somebody deletes the results repo, and all that is in it."""
        repo = self.core.store.repos.pop(("model", RESULTS_REPO), None)
        if repo is not None:
            self.deleted_repos.append((now_seconds(), repo))

    def rent_strangers(self) -> None:
        """Other people rent in the same account, some of them with this very program."""
        if self.jobs is not None:
            self.jobs.rent_strangers()
            return
        if self.own is not None:
            return  # whoever else has an account there has folders of their own
        if self.clusters is not None:
            self.clusters.rent_strangers()
        for body in strangers_pods():
            # The cloud starts it at its next tick: by then it is known whose it is.
            self.strangers.add(self.cloud.rent(body).id)

    def _hub(self, token: str) -> hugging_face.Hub:
        return hugging_face.Hub(
            SecretStr(token),
            endpoint=HUB_URL,
            now=self.cloud.clock.now,
            sleep=self.threads.sleep,
            transport=self.hub_wire,
            use_xet=False,
            patience=hugging_face.Patience(workers=1),
            open_folder=own_folder if self.own is None else self.own.open_folder,
        )

    def _put_clips(self) -> None:
        hub, repo = self._hub(TOKENS["write"]), hugging_face.Repo(CLIPS_REPO, "dataset")
        hub.ask(
            "making the demo dataset",
            lambda api: api.create_repo(repo.id, repo_type="dataset", private=True, exist_ok=True),
        )
        hugging_face.publish(hub, repo, {"metadata.csv": b"clip.flac|hello\n"}, "clips")


def name_of(pod: Rented) -> str:
    """What the launcher calls it in a run."""
    return pod.run_pod_id if isinstance(pod, RentedCluster) else pod.id


async def _gateway_sleep(seconds: float) -> None:
    """Open log streams look for news less often than a real server: they are most of the work here."""
    await asyncio.sleep(LOG_POLL_SECONDS if seconds == STREAM_POLL_SECONDS else seconds)


__all__ = ["START", "World"]
