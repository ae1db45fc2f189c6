"""Programs on one person's computer above a cloud whose pods do as they are told: real processes, and real signals."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

from launcher.demo.cloud import DemoCloud, demo_cloud
from launcher.emulator.runpod import ScriptedContainer, ScriptedRunner
from launcher.emulator.runpod.conditions import Timing
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from tests.services.harness import Script

LONGEST_SECONDS = 60.0


class Home:
    """A cloud whose pods do as they are told, and one person's computer."""

    def __init__(self, cloud: DemoCloud, home: Path) -> None:
        self.cloud, self.home = cloud, home
        self.world = cloud.runpod.world
        self.armed_after: float | None = None
        self.checks_work = True

    @property
    def env(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
        return {**kept, **self.cloud.env, "LAUNCHER_HOME": str(self.home), "COLUMNS": "80"}

    def program(self, container: ScriptedContainer) -> Generator[float, None, int | None]:
        document = RunDocument.from_json(container.spec.env[RUN_VARIABLE])
        script = Script(None, self.world)  # type: ignore[arg-type]  # it delivers nothing
        script.say(container, document, "phase", phase="boot", state="started")
        while self.armed_after is None:
            yield 0.1
        yield self.armed_after
        check = {
            "name": "own pod",
            "works": self.checks_work,
            "detail": "" if self.checks_work else "403",
        }
        script.say(
            container,
            document,
            "armed",
            works=self.checks_work,
            arms=[check],
            deadline=document.deadline.isoformat(),
        )
        if self.checks_work:
            script.say(container, document, "ended", reason="finished", detail="", cost_usd=0.01)
            self.world.act(self.world.pods[container.spec.pod_id], "terminate")
        yield 1e9
        return 0

    def live(self) -> list[str]:
        return [pod.id for pod in self.world.live_pods()]

    def until(self, happens: Callable[[], object], seconds: float = LONGEST_SECONDS) -> None:
        give_up_at = time.monotonic() + seconds
        while not happens():
            assert time.monotonic() < give_up_at, "it did not happen"
            time.sleep(0.05)


@contextlib.contextmanager
def home_below(folder: Path) -> Iterator[Home]:
    """A computer and its cloud, both below a folder."""
    runner = ScriptedRunner()
    with demo_cloud(folder / "cloud", runner=runner) as cloud:
        cloud.runpod.world.timing = Timing(provisioning_seconds=0.2, gone_seconds=0.5)
        found = Home(cloud, folder / "home")
        runner.program = found.program
        yield found


@contextlib.contextmanager
def started(home: Home, words: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    usual = {"env": home.env, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(words, text=True, **{**usual, **options})
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and what it said on stderr."""
    _, said = process.communicate(timeout=LONGEST_SECONDS)
    return process.returncode, said or ""
