"""Everything a browser test stands on: stand-ins with scripted or real pods, and the form in its own process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue

from pydantic import SecretStr

from launcher.cli.demo_cloud import DATASET_REPO, RESULTS_REPO, DemoCloud, _push_clips
from launcher.emulator.hub import HubEmulator
from launcher.emulator.runpod import PodRunner, RunPodEmulator, ScriptedRunner
from pod_image.hub import Hub, ensure_results_repo
from tests.browser.pods import Player

ROOT = Path(__file__).parents[2]
START_SECONDS = 90.0
CHROMIUM = Path(os.environ.get("LAUNCHER_CHROMIUM", "/usr/bin/chromium"))
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


class Form:
    """The form's process. `link()` gives a launch link that has not been used."""

    def __init__(self, home: Path, env: dict[str, str], port: int = 0) -> None:
        self.home = home
        self.lines: list[str] = []
        self._links: Queue[str] = Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.form_server", str(port)],
            cwd=ROOT,
            env={
                **os.environ,
                **env,
                "LAUNCHER_HOME": str(home),
                "NO_PROXY": "127.0.0.1,localhost",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._first = self._links.get(timeout=START_SECONDS)
        self._links.put(self._first)
        self.base = re.match(r"http://[^/]+", self._first)[0]  # type: ignore[index]
        self.port = int(self.base.rsplit(":", 1)[1])

    def link(self) -> str:
        try:
            return self._links.get(timeout=10)
        except Empty as exc:
            raise AssertionError("the form gave no further launch link") from exc

    @property
    def memory_bytes(self) -> int:
        import psutil

        return int(psutil.Process(self._process.pid).memory_info().rss)

    def close(self) -> int:
        """Ctrl-C, as a person would; the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._reader.join(timeout=5)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line)
            found = re.search(r"http://\S+/enter\?token=\S+", line)
            if found:
                self._links.put(found[0])


@dataclass
class Stage:
    """`cloud` are the stand-ins, `player` tells scripted pods what to do (None with real pods)."""

    root: Path
    cloud: DemoCloud
    player: Player | None
    keys_in_environment: bool = True
    forms: list[Form] = field(default_factory=list)

    def open_form(self, port: int = 0, home: str = "home") -> Form:
        env = dict(self.cloud.env)
        if not self.keys_in_environment:
            for name in ("RUNPOD_API_KEY", "HF_DATASET_TOKEN", "HF_UPLOAD_TOKEN"):
                env[name] = ""
            env["HF_TOKEN"] = ""
        form = Form(self.root / home, env, port)
        self.forms.append(form)
        return form

    @property
    def pods(self) -> list[str]:
        """Ids of the pods that cost money now."""
        return [pod.id for pod in self.cloud.runpod.world.live_pods()]

    def until_no_pods(self, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while self.pods and time.monotonic() < end:
            time.sleep(0.2)
        assert self.pods == []


@contextmanager
def stage(
    root: Path, *, scripted: bool = True, keys_in_environment: bool = True
) -> Iterator[Stage]:
    """Stand-ins with the demo's data set; nothing is left when the block ends."""
    runner: PodRunner | None = ScriptedRunner() if scripted else None
    with ExitStack() as stack:
        hub = stack.enter_context(HubEmulator(root / "hub", xet=False))
        runpod = stack.enter_context(RunPodEmulator(root / "pods", runner=runner))
        cloud = DemoCloud(DATASET_REPO, RESULTS_REPO, runpod, hub)
        _push_clips(cloud)
        player = None
        if isinstance(runner, ScriptedRunner):
            access = Hub(SecretStr(hub.tokens["write"]), endpoint=hub.url, use_xet=False)
            ensure_results_repo(access, RESULTS_REPO)
            player = Player(runpod.world, access)
            runner.program, runner.on_exec = player.program, player.on_exec
        found = Stage(root, cloud, player, keys_in_environment)
        try:
            yield found
        finally:
            for form in found.forms:
                form.close()
