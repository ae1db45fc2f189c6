"""A cloud full of scripted pods, in a process of its own: `python -m tests.bench.fleet_pods COUNT`.

It prints one JSON line with its address and key, then answers each line on standard input with the calls it has had so
far. It ends with its input.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections import Counter
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

from launcher.domain.pod import NONCE_VARIABLE, PodName
from launcher.emulator.runpod import (
    RunPodEmulator,
    RunPodWorld,
    ScriptedContainer,
    ScriptedRunner,
    routes_pods,
)
from launcher.emulator.runpod.runner import Program
from pod_image.contract.environment import RUN_VARIABLE, Attempt, RunDocument
from pod_image.contract.settings import RunSettings
from tests.kit.clouds import GPU, RESULTS_REPO
from tests.kit.run_documents import run_document

STREAM_POLL_SECONDS = 0.5
"""Of the stand-in's log streams: with a hundred of them its usual tenth of a second leaves the watcher no core."""
TOTAL_STEPS = 40_000
PRICE_PER_HOUR_USD = 0.69
MACHINE_SECONDS, LOG_SECONDS, HEARTBEAT_SECONDS = 15, 10, 30
"""As the agent and a usual trainer speak; a step is told once a second, and the agent lets none through more often."""


def main(count: int) -> None:
    routes_pods.STREAM_POLL_SECONDS = STREAM_POLL_SECONDS
    runner = ScriptedRunner(speaking())
    with RunPodEmulator(runner=runner, balance_usd=10_000.0) as cloud:
        fill(cloud.world, count)
        _say({"url": cloud.url, "key": cloud.api_key})
        for _ in sys.stdin:
            _say(dict(Counter(_kind(each.path) for each in cloud.requests)))


def fill(world: RunPodWorld, count: int) -> None:
    """Rent so many pods, each of a run of its own."""
    world.account.spend_limit_usd = 1e6
    for key in world.catalogue.stock:
        world.catalogue.stock[key] = count
    for number in range(1, count + 1):
        world.rent(pod_order(number))


def pod_order(number: int) -> dict[str, Any]:
    document = document_of(number)
    name = PodName(document.run_id, 1, document.attempt.nonce)
    variables = {RUN_VARIABLE: document.to_json(), NONCE_VARIABLE: document.attempt.nonce}
    return {
        "name": str(name),
        "image": "acme/train:1",
        "gpu": {"id": GPU, "count": 1},
        "cloud": "SECURE",
        "env": variables,
    }


def document_of(number: int) -> RunDocument:
    settings = RunSettings(
        recipe="command", argv=("train",), results_repo=RESULTS_REPO, max_hours=12.0
    )
    return run_document(
        run_id=f"run-{number:03}",
        attempt=Attempt(number=1, nonce=f"fleet{number:05}"),
        settings=settings,
        deadline=datetime.now(UTC) + timedelta(hours=12),
    )


def speaking(step_seconds: float = 1.0) -> Program:
    """Pods that are armed at once, and then tell a step each so many seconds for as long as anybody looks."""

    def program(container: ScriptedContainer) -> Generator[float, None, int | None]:
        voice = _Voice(container)
        voice.begin()
        seconds = 0.0
        for step in itertools.count(1):
            yield step_seconds
            voice.step(step, seconds := seconds + step_seconds)
            if seconds % MACHINE_SECONDS == 0:
                voice.machine()
            if seconds % HEARTBEAT_SECONDS == 0:
                voice.say("heartbeat", phase="train")
            if seconds % LOG_SECONDS == 0:
                container.log(f"step {step}: loss {2.0 / step:.4f}, learning rate 0.0002")
        return 0

    return program


class _Voice:
    def __init__(self, container: ScriptedContainer) -> None:
        self._container = container
        self._document = RunDocument.from_json(container.spec.env[RUN_VARIABLE])
        self._said = 0

    def say(self, event: str, **rest: Any) -> None:
        self._said += 1
        at = datetime.fromtimestamp(self._container.now, UTC).isoformat()
        head = {"event": event, "at": at, "run_id": self._document.run_id, "seq": self._said}
        self._container.log(json.dumps({**head, **rest}))

    def begin(self) -> None:
        self.say("phase", phase="boot", state="started")
        self.say("armed", works=True, arms=[], deadline=self._document.deadline.isoformat())
        self.say("phase", phase="train", state="started")

    def step(self, step: int, seconds: float) -> None:
        self.say(
            "step",
            step=step,
            total_steps=TOTAL_STEPS,
            losses={"loss": 2.0 / step, "grad_norm": 0.8},
            steps_per_second=round(step / seconds, 3),
            seconds_left=(TOTAL_STEPS - step) * seconds / step,
            cost_usd=round(PRICE_PER_HOUR_USD * seconds / 3600, 6),
            cost_at_end_usd=7.67,
        )

    def machine(self) -> None:
        gpu = {"use_percent": 96.0, "memory_used_gb": 20.1, "memory_total_gb": 24.0}
        self.say("machine", gpus=[gpu], cpu_percent=31.0, memory_used_gb=11.0, disk_free_gb=27.0)


def _kind(path: str) -> str:
    if path.endswith("/logs"):
        return "log"
    return "list" if path == "/v2/pods" else "pod" if path.startswith("/v2/pods/") else "other"


def _say(document: dict[str, Any]) -> None:
    print(json.dumps(document), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
