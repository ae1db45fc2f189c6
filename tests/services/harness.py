"""A person's machine under an emulated cloud and Hub, all in one process and in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import SecretStr

from launcher.config import Config
from launcher.emulator.hub.core import HubCore
from launcher.emulator.hub.routes import ROUTES
from launcher.emulator.hub.transport import AsyncHubTransport, HubTransport
from launcher.emulator.runpod import (
    ExecOutcome,
    Gateway,
    RunPodWorld,
    ScriptedContainer,
    ScriptedRunner,
)
from launcher.hub.access import HubAccess
from launcher.providers.base import Provider
from launcher.providers.hf_jobs.client import HfJobsClient
from launcher.providers.hf_jobs.place import HF_JOBS
from launcher.providers.hf_jobs.provider import HfJobsProvider
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.provider import RunPodProvider
from launcher.services.common.workbench import NoProvider, Workbench, open_history
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress, Stage
from launcher.services.telling.addresses import addresses_in
from launcher.services.telling.teller import Teller
from launcher.stores.runs import RunHistory
from launcher.stores.secrets import Keys
from launcher.stores.told_news import ToldNews
from pod_image.contract.bodies import PhaseSeconds
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.record import RunRecord
from pod_image.hub import Hub, Repo, ensure_results_repo, publish
from tests.kit.clocks import LoopClock, WorldClock
from tests.kit.clouds import FIXED_TOKENS, GPU, HUB_URL, JOBS, JOBS_TOKEN, RESULTS_REPO, TOKENS
from tests.kit.plans import plan
from tests.kit.pod_programs import said_to_control
from tests.kit.told import Told
from tests.kit.virtual_time import StreamingTransport, VirtualLoop

OPENED: list[RunHistory] = []
"""Closed after each test by the fixture beside this file."""
GPU_IDLE = {
    "watched_seconds": 300.0,
    "idle_seconds": 63.0,
    "phases": [
        {"name": "prepare", "seconds": 20.6},
        {"name": "boot", "seconds": 42.0},
        {"name": "deliver", "seconds": 0.4},
    ],
}


@dataclass
class Script:
    """What the scripted pod does. Times in seconds after the container's start."""

    hub: Hub
    world: RunPodWorld
    armed_after: float | None = 5.0
    can_release: bool = True
    lame_in: set[str] = field(default_factory=set)
    """Data centres whose one machine fails its trial."""
    ends_after: float | None = 60.0
    releases: bool = True
    delivers: bool = True
    says_ended: bool = True
    records_end: bool = True
    reason: str = "finished"
    cost_usd: float = 0.02
    steps: int = 3
    step_seconds: float = 1.0
    heartbeat_seconds: float = 0.0
    """Between its signs of life after the steps; 0: it gives none."""
    last_word: dict[str, Any] = field(default_factory=dict)
    """What its last event says beside the usual."""
    receipt_detail: str = ""
    """What its receipt for an instruction says; empty: none comes but the answer itself."""
    log: str | None = None
    """Its log.txt; None as of an image that kept none."""
    stopping: bool = False
    said: list[str] = field(default_factory=list)
    """Lines of the newest life."""
    seqs: dict[str, int] = field(default_factory=dict)
    ended_at: datetime | None = None

    def program(self, container: ScriptedContainer) -> Generator[float, None, int | None]:
        document = RunDocument.from_json(container.spec.env[RUN_VARIABLE])
        pod = self.world.pods.get(container.spec.pod_id)  # none at a place that is not this cloud
        container.log("container is up")
        self.say(container, document, "phase", phase="boot", state="started")
        if self.armed_after is None:
            yield 1e9
        yield self.armed_after or 0.0
        checks = [
            {
                "name": "own pod",
                "works": self.can_release,
                "detail": "" if self.can_release else "403",
            },
            self.gpu_check(pod.centre_id if pod is not None else None),
        ]
        self.say(
            container,
            document,
            "armed",
            works=all(check["works"] for check in checks),
            arms=checks,
            deadline=document.deadline.isoformat(),
        )
        self.say(container, document, "phase", phase="train", state="started")
        began = container.now
        for step in range(1, self.steps + 1):
            if self.stopping:
                break
            yield self.step_seconds
            told = self.told_at(document, step)
            self.say(container, document, "step", **told, cost_usd=0.01)
        while self.ends_after is None or container.now - began < self.ends_after:
            if self.stopping:
                self.reason = "stopped"
                break
            if self.heartbeat_seconds:
                self.say(container, document, "heartbeat")
            yield self.heartbeat_seconds or 1.0
        self.say(container, document, "phase", phase="deliver", state="started")
        self.ended_at = datetime.fromtimestamp(container.now, UTC)
        if self.says_ended:
            self.say(
                container,
                document,
                "ended",
                reason=self.reason,
                detail="It is over.",
                cost_usd=self.cost_usd,
                phases=[{"name": "train", "seconds": 30.0}],
                pace={"steps_per_second": 1.5, "data_wait_share": 0.0125, "gpu_use_percent": 91.0},
                gpu_idle=GPU_IDLE,
                **self.last_word,
            )
        if self.delivers:
            self.deliver(document)
        yield 0.5
        if self.releases and pod is None:
            return 0
        if self.releases and pod is not None:
            self.world.act(pod, "terminate")
        yield 1e9
        return 0

    def told_at(self, document: RunDocument, number: int) -> dict[str, Any]:
        """What it says of its training, the so manieth time."""
        return {"step": number, "losses": {"mel": 1.0 / number}}

    def gpu_check(self, centre_id: str | None) -> dict[str, Any]:
        is_fit = centre_id not in self.lame_in
        detail = "55 TFLOP/s" if is_fit else "0.2 TFLOP/s; it should do over 1"
        check = {"name": "gpu", "works": is_fit, "detail": detail, "is_about_machine": True}
        return {**check, "ids": [f"GPU-of-{centre_id}"]}

    def say(
        self, container: ScriptedContainer, document: RunDocument, event: str, **rest: Any
    ) -> None:
        nonce = document.attempt.nonce
        self.seqs[nonce] = self.seqs.get(nonce, 0) + 1
        at = datetime.fromtimestamp(container.now, UTC).isoformat()
        line = json.dumps(
            {"event": event, "at": at, "run_id": document.run_id, "seq": self.seqs[nonce], **rest}
        )
        self.said.append(line)
        container.log(line)

    def deliver(self, document: RunDocument) -> None:
        events = "\n".join(self.said).encode()
        folder = document.run_id
        files: dict[str, Path | bytes] = {
            f"{folder}/events.jsonl": events,
            f"{folder}/run.json": self.record(document),
            f"{folder}/voice/voice.onnx": b"a voice",
        }
        if self.log is not None:
            files[f"{folder}/log.txt"] = self.log.encode()
        publish(self.hub, Repo(RESULTS_REPO, "model"), files, "results")

    def record(self, document: RunDocument) -> bytes:
        named = document.attempt.nonce
        pod = next((pod for pod in self.world.pods.values() if named in pod.name), None)
        record = RunRecord(
            run_id=document.run_id,
            attempt=document.attempt.number,
            nonce=document.attempt.nonce,
            state="ended" if self.says_ended else "running",
            contract=document.contract,
            recipe="command",
            settings=document.settings.applicable(),
            pod_id=pod.id if pod else "",
            gpu=(pod.gpu_id if pod else None) or GPU,
            price_per_hour_usd=document.price_per_hour_usd,
            created_at=datetime.fromtimestamp(pod.created_at, UTC) if pod else None,
            deadline=document.deadline,
            end_reason=EndReason(self.reason) if self.records_end else None,
            cost_usd=self.cost_usd,
            not_delivered=self.last_word.get("not_delivered"),
            ended_at=self.ended_at,
            phases=(PhaseSeconds(name=Phase.TRAIN, seconds=30.0),),
        )
        return record.to_json().encode()

    def on_exec(self, container: ScriptedContainer, command: list[str]) -> ExecOutcome:
        said = said_to_control(command)
        if said is None:
            return ExecOutcome(127, stderr="not found")
        if self.receipt_detail:
            document = RunDocument.from_json(container.spec.env[RUN_VARIABLE])
            receipt = {"id": said[2], "command": said[0], "detail": self.receipt_detail}
            self.say(container, document, "command", state="done", **receipt)
        if said[0] == "stop":
            self.stopping = True
        return ExecOutcome(0, stdout=json.dumps({"id": said[2], "state": "received"}))


class LauncherHarness:
    """Everything outside the launcher, and a workbench below it. Make it inside a virtual-time test."""

    def __init__(self, folder: Path, *, with_jobs: bool = False, **config: Any) -> None:
        """`with_jobs`: the person has a key of Hugging Face Jobs too."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        self.folder = folder
        self.runner = ScriptedRunner()
        self.world = RunPodWorld(WorldClock(loop), self.runner)
        self.core = HubCore(
            folder / "hub",
            now_in(loop),
            ROUTES,
            xet=False,
            tokens={**FIXED_TOKENS, JOBS_TOKEN: JOBS},
            job_runner=self.runner,
        )
        self.core.public_url, self.core.cdn_url = HUB_URL, "http://cdn.test"
        self.transport = StreamingTransport(Gateway(self.world, in_process=True))
        self.hub = self.hub_of(TOKENS["write"])
        self.script = Script(self.hub, self.world)
        self.runner.program = self.script.program
        self.runner.on_exec = self.script.on_exec
        home = folder / "home"
        self.config = Config(
            home / "config",
            home / "data",
            place_urls={"runpod": "https://cloud"},
            hub_url=HUB_URL,
            **config,
        )
        self.config.make_folders()
        self.with_jobs = with_jobs
        self.keys = Keys(
            SecretStr(self.world.api_key),
            SecretStr(TOKENS["read"]),
            SecretStr(TOKENS["write"]),
            hf_jobs=SecretStr(JOBS_TOKEN) if with_jobs else None,
        )
        self.told = Told()
        self.bench = self.open_bench()
        ensure_results_repo(self.hub, RESULTS_REPO)

    def second_home(self) -> Workbench:
        """Another computer of the same person: the same account and Hub, and a history of its own."""
        return self.open_bench(home=self.folder / "second-home")

    def open_bench(
        self, key: str = "", *, home: Path | None = None, needs_history: bool = True
    ) -> Workbench:
        """Another process of the same person, as far as that can be told apart."""
        config = self.config
        if home is not None:
            config = replace(config, config_folder=home / "config", data_folder=home / "data")
        client = RunPodClient(
            SecretStr(key or self.world.api_key),
            "https://cloud",
            transport=self.transport,
            clock=LoopClock(),
        )
        access = HubAccess(self.hub_of(TOKENS["read"]), self.hub, run_blocking=at_once)
        runs = open_history(config, is_needed=needs_history)
        OPENED.append(runs)
        jobs = self.jobs_provider() if self.with_jobs else cast(Provider, NoProvider(HF_JOBS))
        return Workbench(
            config, RunPodProvider(client), access, runs, LoopClock(), others={"hf-jobs": jobs}
        )

    def jobs_provider(self) -> HfJobsProvider:
        jobs = HfJobsClient(
            SecretStr(JOBS_TOKEN),
            HUB_URL,
            hub=self.hub_of(JOBS_TOKEN),
            transport=AsyncHubTransport(self.core),
            run_blocking=at_once,
            clock=LoopClock(),
        )
        return HfJobsProvider(jobs, clock=LoopClock())

    def teller(self, keys: Keys) -> Teller:
        """Who tells at the addresses of these keys; what arrives there is in `told`."""
        notify = keys.notify.get_secret_value() if keys.notify is not None else ""
        told = ToldNews(self.config.told_folder, WorldClock(self.loop).now)
        return Teller(
            addresses_in(notify), hub_url=HUB_URL, told=told, clock=LoopClock(), send=self.told
        )

    def posts(self) -> int:
        """Orders of pods that reached the cloud."""
        return sum((seen.method, seen.path) == ("POST", "/v2/pods") for seen in self.world.requests)

    def live(self) -> list[str]:
        return [pod.id for pod in self.world.live_pods()]

    def secret_names(self) -> list[str]:
        return [secret.name for secret in self.world.account.secrets.values()]

    def hub_of(self, token: str | None) -> Hub:
        return Hub(
            SecretStr(token) if token else None,
            endpoint=HUB_URL,
            now=now_in(self.loop),
            sleep=self.loop.jump,
            transport=HubTransport(self.core, self.loop.jump),
            use_xet=False,
        )


def now_in(loop: VirtualLoop) -> Any:
    return WorldClock(loop).now


async def at_once(call: Any, *args: Any, **options: Any) -> Any:
    """Blocking work without a thread: virtual time has none."""
    return call(*args, **options)


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs."""


class Lethal:
    """Ends the process when the launch says so many things of that stage."""

    def __init__(self, stage: Stage, times: int = 1) -> None:
        self.stage, self.left = stage, times

    def __call__(self, progress: Progress) -> None:
        self.left -= progress.stage is self.stage
        if not self.left:
            raise Killed


async def killed(harness: LauncherHarness, lethal: Lethal) -> None:
    async def nothing(*_: object, **__: object) -> str:
        return ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("launcher.services.launching.rental.Rental.give_back", nothing)
        with pytest.raises(Killed):
            await launch(harness.bench, plan(), harness.keys, lethal)
