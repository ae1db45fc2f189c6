"""A person at a shell: the command line in process, above an emulated cloud and Hub, in virtual time."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from launcher.cli import app, completing, session
from launcher.config import Config
from launcher.emulator.runpod import RunPodWorld
from launcher.hub.access import HubAccess
from launcher.providers.base import Provider
from launcher.providers.registry import default_place
from launcher.services.common.workbench import NoProvider, Workbench
from launcher.stores.secrets import Keys
from pod_image.hub import Repo, publish
from tests.kit.checkout import DEMO_CLIPS
from tests.kit.clouds import RESULTS_REPO, TOKENS
from tests.kit.printed_documents import check_printed
from tests.kit.virtual_time import PatientLoop
from tests.services.harness import LauncherHarness, at_once

DATASET = "demo/clips"


@dataclass
class Said:
    """What one command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on stdout; the last one, where the command prints one a line."""
        return self.documents[-1]

    @property
    def documents(self) -> list[Any]:
        """All of them, as they came."""
        if self.out.lstrip().startswith("{\n"):  # a prompt leaves a blank
            return [json.loads(self.out)]
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def text(self) -> str:
        """Both streams with white space collapsed: help and hints are wrapped."""
        return " ".join(f"{self.out} {self.err}".split())


class Shell:
    """`shell("runs", "--json")` runs a command as a person would, with the keys in the environment."""

    def __init__(
        self, loop: PatientLoop, harness: LauncherHarness, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.loop, self.harness, self._capsys = loop, harness, capsys
        self.home = harness.folder / "home"

    def __call__(self, *words: str) -> Said:
        self._capsys.readouterr()
        code = app.run(list(words))
        printed = self._capsys.readouterr()
        check_printed(words, code, printed.out, printed.err)
        return Said(code, printed.out, printed.err)

    def move_to(self, computer: str) -> None:
        """Sit down at another computer, with the same keys and a home of its own; "home" is the first."""
        self.home = self.harness.folder / computer
        os.environ["LAUNCHER_HOME"] = str(self.home)

    @property
    def history(self) -> Path:
        return self.home / "data" / self.harness.config.history_path.name

    @property
    def world(self) -> RunPodWorld:
        return self.harness.world

    @property
    def rented(self) -> int:
        """Orders of pods that ever reached the cloud."""
        return self.harness.posts()

    def push(self, files: dict[str, Path | bytes], repo: str = DATASET) -> None:
        """Put files into a dataset repo."""
        target = Repo(repo, "dataset")
        hub = self.harness.hub
        hub.ask("", lambda api: api.create_repo(repo, repo_type="dataset", exist_ok=True))
        publish(hub, target, files, "clips")


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shell]:
    with asyncio.Runner(loop_factory=PatientLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, PatientLoop)
        harness: LauncherHarness = runner.run(_harness(tmp_path))

        at = Shell(loop, harness, capsys)

        @asynccontextmanager
        async def at_bench(
            config: Config, keys: Keys, *, needs_history: bool = True
        ) -> AsyncIterator[Workbench]:
            given = keys.runpod.get_secret_value() if keys.runpod else ""
            harness.with_jobs = keys.hf_jobs is not None
            bench = harness.open_bench(given, home=at.home, needs_history=needs_history)
            if keys.hf_upload is None:
                nobody = harness.hub_of(None)
                hub = HubAccess(bench.hub.dataset, nobody, run_blocking=at_once)
                bench = replace(bench, hub=hub)
            if not given:
                bench = replace(bench, provider=cast(Provider, NoProvider(default_place())))
            teller = harness.teller(keys)
            yield replace(bench, teller=teller)
            await teller.settle()
            bench.runs.close()

        monkeypatch.setattr(session, "open_workbench", at_bench)
        monkeypatch.setattr(completing, "_complete", runner.run)
        monkeypatch.setenv("LAUNCHER_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("RUNPOD_API_KEY", harness.world.api_key)
        monkeypatch.setenv("HF_DATASET_TOKEN", TOKENS["read"])
        monkeypatch.setenv("HF_UPLOAD_TOKEN", TOKENS["write"])
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr("launcher.cli.following.end_on_signals", lambda: None)
        for module in ("deploying", "queueing", "commands.watch", "commands.logs"):
            monkeypatch.setattr(
                f"launcher.cli.{module}.end_on_signals", lambda: None, raising=False
            )
        yield at
        harness.bench.runs.close()


@pytest.fixture
def demo_dataset(shell: Shell) -> str:
    """The packaged clips as a dataset repo."""
    shell.push(
        {
            path.relative_to(DEMO_CLIPS).as_posix(): path
            for path in DEMO_CLIPS.rglob("*")
            if path.suffix in (".flac", ".csv")
        }
    )
    return DATASET


async def _harness(folder: Path) -> LauncherHarness:
    harness = LauncherHarness(folder, poll_seconds=5.0)
    harness.core.cdn_url = "http://cdn.hub.test"
    return harness


COMMAND_RUN = ("--recipe", "command", "--results-repo", RESULTS_REPO)
