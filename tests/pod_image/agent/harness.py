"""The agent under test: the real one, on both emulators, in virtual time; only the trainer is scripted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx

from launcher.emulator.hub.core import HubCore
from launcher.emulator.hub.routes import ROUTES
from launcher.emulator.hub.transport import HubTransport
from launcher.emulator.runpod import Gateway, RunPodWorld
from launcher.emulator.runpod.pods import Pod
from launcher.emulator.runpod.runner import ContainerSpec, ExecOutcome
from pod_image import hub
from pod_image.agent.hugging_face import PATIENCE, HuggingFace
from pod_image.agent.ports import GuardOrders, Line, Ports, ProcessSpec, RunHub
from pod_image.agent.story import run_pod
from pod_image.agent.timing import Timing
from pod_image.contract.environment import RUN_VARIABLE, Attempt, RunDocument
from pod_image.contract.events import from_line
from pod_image.contract.record import RunRecord
from pod_image.contract.settings import RunSettings
from tests.kit.clocks import BlockingTime, MachineClock, WorldClock
from tests.kit.clouds import (
    CLIPS_REPO,
    FIXED_TOKENS,
    GPU,
    HUB_URL,
    READ_TOKEN,
    RESULTS_REPO,
    WRITE_TOKEN,
)
from tests.kit.run_documents import run_document
from tests.kit.virtual_time import VirtualLoop, now_seconds

PRICE = 0.69
TIMING = Timing(watch_seconds=5.0, spool_seconds=5.0)

Script = Callable[["ScriptedStage"], Awaitable[int]]


class ScriptedStage:
    """A stage whose program is a coroutine. Ended by cancelling it, as SIGKILL would."""

    pid = 4242

    def __init__(self, spec: ProcessSpec, script: Script, on_event: Line, on_output: Line) -> None:
        self.spec = spec
        self.say = on_output
        self._on_event = on_event
        self.commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.out = spec.folder / "out"
        self.document = RunDocument.from_json(spec.environment[RUN_VARIABLE])
        self._task = asyncio.ensure_future(self._run(script))

    @property
    def phase(self) -> str:
        """The last word of its command line: prepare, train, export."""
        return self.spec.argv[-1]

    async def _run(self, script: Script) -> int:
        return await script(self)

    def emit(self, event: str, **fields: Any) -> None:
        self._on_event(json.dumps({"event": event, **fields}))

    def emit_line(self, line: str) -> None:
        self._on_event(line)

    async def wait(self) -> int:
        await asyncio.wait([self._task])
        return -9 if self._task.cancelled() else self._task.result()

    async def send(self, line: str) -> None:
        if self.spec.takes_instructions:
            self.commands.put_nowait(json.loads(line))

    async def end(self, grace_seconds: float) -> None:
        if not self._task.done():
            await asyncio.sleep(grace_seconds)
            self._task.cancel()
            await asyncio.wait([self._task])


@dataclass
class Guarded:
    """What the guard was told."""

    orders: GuardOrders
    beats: list[float] = field(default_factory=list)
    is_gone: bool = False

    def beat(self, release_in_seconds: float) -> None:
        self.beats.append(release_in_seconds)

    def is_well(self) -> bool:
        return not self.is_gone

    def end(self) -> None:
        self.is_gone = True


class ScriptedProcesses:
    """Implements `Processes`: stages are coroutines, nvidia-smi answers `gpu_percent`."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.gpu_percent: Callable[[], float | None] = lambda: 90.0
        self.specs: list[ProcessSpec] = []
        self.guards: list[Guarded] = []
        self.user: tuple[str | None, str] = (None, "")
        self.cannot_start: OSError | None = None
        self.cannot_look: OSError | None = None

    async def start(self, spec: ProcessSpec, on_event: Line, on_output: Line) -> ScriptedStage:
        if self.cannot_start is not None:
            raise self.cannot_start
        self.specs.append(spec)
        return ScriptedStage(spec, self.script, on_event, on_output)

    async def answer(self, argv: Sequence[str], timeout_seconds: float) -> str | None:
        percent = self.gpu_percent()
        return None if percent is None else f"{percent}, 4096, 24564, 61\n"

    async def clear_leftovers(self, pid: int, started: str) -> None:
        if self.cannot_look is not None:
            raise self.cannot_look

    def started(self, pid: int) -> str:
        return "1"

    def trainer_user(self, folder: Path) -> tuple[str | None, str]:
        return self.user

    def hand_over(self, path: Path, user: str | None) -> None: ...

    def start_guard(self, orders: GuardOrders) -> Guarded:
        self.guards.append(Guarded(orders))
        return self.guards[-1]


class DatedTransport(httpx.ASGITransport):
    """An app in process, with the Date header that a server adds."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        response.headers["date"] = formatdate(now_seconds(), usegmt=True)
        return response


class AgentContainer:
    """A container in which the real agent lives as a task of this loop."""

    next_due: float | None = None

    def __init__(
        self, harness: AgentHarness, spec: ContainerSpec, log: Callable[[str], None]
    ) -> None:
        self.is_dead = False
        self._harness = harness
        self._log = log
        self.folder = harness.root / spec.pod_id / "run"
        self.folder.parent.mkdir(exist_ok=True)
        self._task = asyncio.ensure_future(run_pod(self._ports(spec)))

    def _ports(self, spec: ContainerSpec) -> Ports:
        harness = self._harness
        return Ports(
            environment=spec.env,
            folder=self.folder,
            clock=harness.clock,
            http=harness.http,
            processes=harness.processes,
            hub=harness.hub_of,
            run_blocking=harness.run_blocking,
            write_line=self._write,
            flush=self._flush,
            timing=harness.timing,
        )

    def _write(self, line: str) -> None:
        if not self.is_dead:
            self._harness.hear(line)
            self._log(line)

    async def _flush(self) -> None:
        await self._harness.flush()

    def exit_code(self, now: float) -> int | None:
        if self.is_dead:
            return 137
        if not self._task.done():
            return None
        return 1 if self._task.cancelled() or self._task.exception() else self._task.result()

    def stop(self) -> None:
        self.kill()

    def kill(self) -> None:
        """As the kernel does: nothing more comes out of it, and its disk stays as it is."""
        if self.is_dead:
            return
        self.is_dead = True
        out = self.folder / "out" / "events.jsonl"
        kept = {
            path: path.read_bytes() for path in (out, self.folder / "latch.json") if path.is_file()
        }
        self._task.add_done_callback(lambda _: _put_back(kept))
        self._task.cancel()

    async def execute(
        self, command: list[str], cwd: str | None, timeout_seconds: float
    ) -> ExecOutcome:
        return ExecOutcome(127, stderr="not here")


async def nothing() -> None: ...


def _put_back(kept: Mapping[Path, bytes]) -> None:
    """Undo what a cancelled task wrote on its way out: a killed process has no way out."""
    for path, content in kept.items():
        if path.parent.exists():
            path.write_bytes(content)


@dataclass
class AgentHarness:
    """Both emulators and one pod. Made inside a running virtual loop."""

    root: Path
    script: Script
    timing: Timing = TIMING
    lines: list[str] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    hub_class: type[HuggingFace] = HuggingFace

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        self.clock = MachineClock()
        self.blocking = BlockingTime(loop)
        self.world = RunPodWorld(WorldClock(loop), self)
        self.core = HubCore(
            self.root / "hub",
            self.blocking.now,
            ROUTES,
            tokens=dict(FIXED_TOKENS),
            public_url=HUB_URL,
            cdn_url="http://cdn.test",
        )
        self.transport = HubTransport(self.core, self.blocking.sleep)
        self.processes = ScriptedProcesses(self.script)
        self.containers: list[AgentContainer] = []
        self.run_blocking = self.blocking.run
        self.flush: Callable[[], Awaitable[None]] = nothing
        self._ticking = asyncio.ensure_future(self._tick())
        self.pod: Pod | None = None

    # --- the cloud's runner

    def start(self, spec: ContainerSpec, log: Callable[[str], None], now: float) -> AgentContainer:
        self.containers.append(AgentContainer(self, spec, log))
        return self.containers[-1]

    def wipe(self, pod_id: str) -> None:
        import shutil

        shutil.rmtree(self.root / pod_id, ignore_errors=True)

    def remove(self, pod_id: str) -> None: ...

    def close(self) -> None:
        for container in self.containers:
            container.stop()

    async def _tick(self) -> None:
        while True:
            self.world.tick()
            await asyncio.sleep(1.0)

    # --- ports

    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=DatedTransport(Gateway(self.world)), timeout=10.0)

    def hub_of(self, run: RunHub) -> HuggingFace:
        return self.hub_class(
            run,
            now=self.blocking.now,
            sleep=self.blocking.sleep,
            transport=self.transport,
            use_xet=False,
            patience=replace(PATIENCE, workers=1),  # no threads: they would not know the time
        )

    # --- what a test does

    def document(self, **changes: Any) -> RunDocument:
        settings: dict[str, Any] = {
            "recipe": "piper",
            "results_repo": RESULTS_REPO,
            "dataset_repo": CLIPS_REPO,
            "voice_name": "demo",
            "quality": "x-low",
            "max_hours": 6.0,
            "max_cost_usd": 10.0,
        }
        attempt = Attempt(
            number=changes.pop("attempt", 1), nonce=changes.pop("nonce", "nonce-1".replace("-", ""))
        )
        resume = changes.pop("resume", False)
        run_id = changes.pop("run_id", "run-01")
        deadline = changes.pop("deadline_hours", 24.0)
        return run_document(
            run_id=run_id,
            attempt=attempt,
            settings=RunSettings(**{**settings, **changes}),
            deadline=datetime.fromtimestamp(now_seconds() + deadline * 3600, UTC),
            price_per_hour_usd=0.5,
            resume=resume,
        )

    def rent(self, document: RunDocument | None = None, **env: str) -> Pod:
        """Rent the pod, as the launcher would."""
        hub = self.hub_of(RunHub(HUB_URL, CLIPS_REPO, RESULTS_REPO, WRITE_TOKEN, WRITE_TOKEN))
        put_clips(hub)
        variables = {
            RUN_VARIABLE: (document or self.document()).to_json(),
            "HF_DATASET_TOKEN": READ_TOKEN,
            "HF_UPLOAD_TOKEN": WRITE_TOKEN,
            "HF_ENDPOINT": HUB_URL,
            "RUNPOD_API_BASE_URL": "http://cloud.test",
            **env,
        }
        body = {
            "name": "demo",
            "image": "pod-image",
            "gpu": {"id": GPU, "count": 1},
            "cloud": "SECURE",
            "disk": 20,
            "env": variables,
        }
        self.pod = self.world.rent(body)
        return self.pod

    async def until_gone(self, hours: float = 48.0) -> float:
        """Wait until the pod is gone; returns its age then, in seconds."""
        assert self.pod is not None
        limit = self.loop.time() + hours * 3600
        while self.pod.is_live:
            assert self.loop.time() < limit, "the pod outlived its run"
            await asyncio.sleep(1.0)
        return now_seconds() - self.pod.created_at

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Wait for an event with these fields. A step counts when it is reached: its own event may be merged."""
        looked = 0
        for _ in range(200_000):
            for event in self.said[looked:]:
                if event["event"] == kind and all(
                    event.get(name, -1) >= value if name == "step" else event.get(name) == value
                    for name, value in fields.items()
                ):
                    return event
            looked = len(self.said)
            await asyncio.sleep(1.0)
        raise AssertionError(f"no {kind} with {fields}")

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        return [event for event in self.said if not kind or event["event"] == kind]

    @property
    def phase(self) -> str:
        """The phase that began last; empty before the first."""
        return next((e["phase"] for e in reversed(self.said) if e["event"] == "phase"), "")

    def hear(self, line: str) -> None:
        """A line of the container's output, in which every event is valid by the contract."""
        self.lines.append(line)
        self.said += events_in([line])

    def logs(self) -> list[str]:
        return [line for line in self.lines if from_line(line) is None]

    @property
    def ended(self) -> dict[str, Any]:
        (event,) = self.events("ended")
        return event

    @property
    def disk(self) -> Path:
        return self.containers[-1].folder

    def results(self) -> dict[str, Path]:
        """The files of the results repo, as a person would see them."""
        folder = self.root / "hub" / "models" / RESULTS_REPO
        if not folder.exists():
            return {}
        return {
            path.relative_to(folder).as_posix(): path
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".git")
        }

    def record(self, run_id: str = "run-01") -> RunRecord:
        record = RunRecord.from_json(self.results()[f"{run_id}/run.json"].read_bytes())
        assert record is not None
        return record

    def stored_events(self, kind: str = "", run_id: str = "run-01") -> list[dict[str, Any]]:
        lines = self.results()[f"{run_id}/events.jsonl"].read_text().splitlines()
        return events_in(lines, kind)

    async def close_all(self) -> None:
        self._ticking.cancel()
        self.close()
        await asyncio.sleep(0)


def events_in(lines: Sequence[str], kind: str = "") -> list[dict[str, Any]]:
    """The events among these lines, each valid by the contract."""
    found = [json.loads(line) for line in lines if from_line(line) is not None]
    return [event for event in found if not kind or event["event"] == kind]


def put_clips(hub: HuggingFace) -> None:
    """A dataset repo with one file."""
    from pod_image import hub as hugging_face

    account, repo = hub._writing, hugging_face.Repo(CLIPS_REPO, "dataset")
    account.ask(
        "making the demo dataset",
        lambda api: api.create_repo(repo.id, repo_type="dataset", private=True, exist_ok=True),
    )
    hugging_face.publish(account, repo, {"metadata.csv": b"clip.flac|hello\n"}, "clips")


def training(
    steps: int = 100, step_seconds: float = 10.0, checkpoint_steps: int = 25, size_bytes: int = 200
) -> Script:
    """Prepare, train and export as a well-behaved recipe does: commands within a step, resume from the disk."""

    async def script(stage: ScriptedStage) -> int:
        if stage.phase == "export":
            voice = stage.out / "voice"
            (voice / "demo.onnx").write_bytes(b"voice" * 40)
            (voice / "demo.onnx.json").write_text("{}")
            return 0
        if stage.phase == "prepare":
            await asyncio.sleep(30.0)
            return 0
        return await _train(stage, steps, step_seconds, checkpoint_steps, size_bytes)

    return script


async def _train(
    stage: ScriptedStage, steps: int, step_seconds: float, checkpoint_steps: int, size_bytes: int
) -> int:
    done = sorted((stage.out / "checkpoints").glob("*.ckpt"))
    first = int(done[-1].stem.split("-")[1]) if done and stage.document.resume else 0
    is_stopped, step = False, first
    for step in range(first + 1, steps + 1):
        await asyncio.sleep(step_seconds)
        stage.emit(
            "step",
            step=step,
            total_steps=steps,
            losses={"mel": 10.0 / step},
            steps_per_second=1 / step_seconds,
        )
        while not stage.commands.empty():
            command = stage.commands.get_nowait()
            is_stopped |= command["command"] == "stop"
            if command["command"] == "save":
                save(stage, step, size_bytes)
            if command["command"] == "sample":
                (stage.out / "samples" / "asked.wav").write_bytes(b"RIFF")
                stage.emit("sample", step=step, path="samples/asked.wav", text=command["text"])
            receipt(stage, command)
        if is_stopped:
            break
        if step % checkpoint_steps == 0 and step < steps:
            save(stage, step, size_bytes)
    save(stage, step, size_bytes)
    return 0


def save(stage: ScriptedStage, step: int, size_bytes: int = 200) -> None:
    """A checkpoint, whole or not at all."""
    name = f"step-{step:08d}.ckpt"
    part = stage.out / "checkpoints" / f".{name}"
    part.write_bytes(step.to_bytes(4, "big") * (size_bytes // 4))
    part.replace(part.with_name(name))
    stage.emit("checkpoint", step=step, path=f"checkpoints/{name}", size_bytes=size_bytes)


def receipt(stage: ScriptedStage, command: Mapping[str, Any]) -> None:
    stage.emit("command", id=command["id"], command=command["command"], state="done", detail="")


def put_numbered(harness: AgentHarness, number: int, **command: Any) -> None:
    """As the launcher does where exec is refused."""
    account = harness.hub_of(_run_hub())._writing
    content = json.dumps(command).encode()
    path = f"run-01/_control/{number:04d}.json"
    hub.publish(account, hub.Repo(RESULTS_REPO, "model"), {path: content}, "command")


def _run_hub() -> RunHub:
    return RunHub(HUB_URL, "", RESULTS_REPO, WRITE_TOKEN, WRITE_TOKEN)


class SeenAgent:
    """An agent that is killed, or survives it; `stopped` as SIGSTOP does."""

    def __init__(self) -> None:
        self.answers = 0
        self.stopped = False
        self.killed: list[float] = []

    def answer(self) -> None:
        self.answers += 1

    def is_stopped(self) -> bool:
        return self.stopped

    def kill(self) -> None:
        self.killed.append(now_seconds())
