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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import psutil

from launcher.demo.cloud import DATASET_REPO, RESULTS_REPO, DemoCloud, _push_clips
from launcher.emulator.hub import HubEmulator
from launcher.emulator.runpod import PodRunner, RunPodEmulator, ScriptedRunner
from pod_image.hub import ensure_results_repo
from tests.browser.pods import Player
from tests.kit.checkout import ROOT
from tests.kit.choices import publish_piper
from tests.kit.hub_access import hub_of

START_SECONDS = 90.0
STOP_SECONDS = 60.0
"""Caps for a machine that does much else; nothing waits for them to pass."""
CHROMIUM = Path(os.environ.get("LAUNCHER_CHROMIUM", "/usr/bin/chromium"))
_AXE_FROM_NPM = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


def axe_file() -> Path | None:
    """axe-core as npm has it, newest; else the copy within a Python package; None where there is neither."""
    if _AXE_FROM_NPM.exists():
        return _AXE_FROM_NPM
    package = find_spec("axe_playwright_python")
    return Path(package.origin).with_name("axe.min.js") if package and package.origin else None


class Form:
    """The form's process. `link()` gives a launch link that has not been used; `lines` is all it printed."""

    def __init__(self, home: Path, env: dict[str, str], poll_seconds: float = 0.5) -> None:
        self.home = home
        self._poll_seconds = poll_seconds
        self.lines: list[str] = []
        self._env = {**os.environ, **env, "LAUNCHER_HOME": str(home)}
        self._env["NO_PROXY"] = "127.0.0.1,localhost"
        self.base, self.port = "", 0
        self.start()

    @property
    def direct(self) -> dict[str, Any]:
        """For an HTTP client that asks a name server for names under localhost: the address and the Host."""
        host = self.base.removeprefix("http://")
        return {"base_url": f"http://127.0.0.1:{self.port}", "headers": {"Host": host}}

    def start(self) -> None:
        """On the port of before, if there was one."""
        self._links: Queue[str] = Queue()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.browser.form_server"),
                *(str(self.port), str(self._poll_seconds)),
            ],
            cwd=ROOT,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            first = self.link()
        except AssertionError:
            self.close()
            raise
        self._links.put(first)
        self.base = first.split("/enter")[0]
        self.port = int(self.base.rsplit(":", 1)[1])

    def link(self) -> str:
        with suppress(Empty):
            if link := self._links.get(timeout=START_SECONDS):
                return link
        raise AssertionError("the form gave no launch link:\n" + "".join(self.lines))

    @property
    def memory_bytes(self) -> int:
        return int(psutil.Process(self._process.pid).memory_info().rss)

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """Answer nothing while the block runs, as a machine that sleeps or swaps."""
        psutil.Process(self._process.pid).suspend()
        try:
            yield
        finally:
            psutil.Process(self._process.pid).resume()

    def close(self) -> int:
        """Ctrl-C, as a person would; the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(timeout=STOP_SECONDS)
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
        self._links.put("")  # it has ended: nobody need wait for more


@dataclass
class Stage:
    """`cloud` are the stand-ins, `player` tells scripted pods what to do (None with real pods)."""

    root: Path
    cloud: DemoCloud
    player: Player | None
    forms: list[Form] = field(default_factory=list)

    @property
    def keys(self) -> dict[str, str]:
        """What opens the stand-ins, by the field of the Keys page it belongs into."""
        return {
            "RunPod API key": self.cloud.runpod.api_key,
            "Hugging Face token to read": self.cloud.hub.tokens["read"],
            "Hugging Face token to write": self.cloud.hub.tokens["write"],
        }

    def open_form(
        self, home: str = "home", *, offers_keys: bool = True, poll_seconds: float = 0.5
    ) -> Form:
        """`offers_keys` puts the keys into the form's environment; without, they have to be typed."""
        env = dict(self.cloud.env)
        if not offers_keys:
            names = ("RUNPOD_API_KEY", "HF_DATASET_TOKEN", "HF_UPLOAD_TOKEN", "HF_TOKEN")
            env.update(dict.fromkeys(names, ""))
        form = Form(self.root / home, env, poll_seconds)
        self.forms.append(form)
        return form

    @property
    def pods(self) -> list[str]:
        """Ids of the pods that cost money now."""
        return [pod.id for pod in self.cloud.runpod.world.live_pods()]

    def until_no_pods(self) -> None:
        end = time.monotonic() + STOP_SECONDS
        while self.pods and time.monotonic() < end:
            time.sleep(0.2)
        assert self.pods == []


@contextmanager
def stage(root: Path, *, scripted: bool = True) -> Iterator[Stage]:
    """Stand-ins with the demo's dataset; nothing is left when the block ends."""
    runner: PodRunner | None = ScriptedRunner() if scripted else None
    with ExitStack() as stack:
        hub = stack.enter_context(HubEmulator(root / "hub", xet=False))
        runpod = stack.enter_context(RunPodEmulator(root / "pods", runner=runner))
        cloud = DemoCloud(DATASET_REPO, RESULTS_REPO, runpod, hub)
        _push_clips(cloud)
        publish_piper(hub.core)
        player = None
        if isinstance(runner, ScriptedRunner):
            access = hub_of(hub)
            ensure_results_repo(access, RESULTS_REPO)
            player = Player(runpod.world, access)
            runner.program, runner.on_exec = player.program, player.on_exec
        found = Stage(root, cloud, player)
        try:
            yield found
        finally:
            for form in found.forms:
                form.close()


TRAIN_PATH = "/train?preset=quick-check&dataset=demo/clips"
