"""A person who runs studies: pods that train as their settings say, on an emulated cloud, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.study import Study
from launcher.emulator.runpod import ExecOutcome, ScriptedContainer
from launcher.hub.access import HubAccess
from launcher.services.common.workbench import Workbench
from launcher.services.studies.creating import CreatedStudy, StudyWish, create_study
from launcher.services.studies.keeping import find_study
from launcher.services.studies.news import StudyNews
from launcher.services.studies.running import StudyEnd, run_study
from launcher.stores.secrets import Keys
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.settings import RunSettings
from tests.kit.clouds import RESULTS_REPO
from tests.services.harness import LauncherHarness, Script

Learns = Callable[[RunSettings, int], float]
"""The loss of a run with these settings at that step."""
ADDRESS = StudyAddress(RESULTS_REPO, "tune")
SEARCH = ("checkpoint_minutes=1..100:log", "keep_checkpoints=1|2|4")


def minutes_of(settings: RunSettings) -> float:
    """What trials are given to try: a setting that a command of one's own has."""
    return float(settings.model_dump()["checkpoint_minutes"])


def slowly(settings: RunSettings, step: int) -> float:
    """The further from ten minutes, the worse; and better with each step."""
    return abs(minutes_of(settings) - 10.0) + 10.0 / step


class TrialPods:
    """Each pod follows a script of its own, by its run id; `change` sees each before it starts."""

    def __init__(self, harness: LauncherHarness, learns: Learns = slowly, steps: int = 5) -> None:
        self._harness, self._learns, self._steps = harness, learns, steps
        self.scripts: dict[str, TrialScript] = {}
        self.change: Callable[[TrialScript], None] = lambda script: None
        harness.runner.program = self._program
        harness.runner.on_exec = self._on_exec

    def _program(self, container: ScriptedContainer) -> Generator[float, None, int | None]:
        document = RunDocument.from_json(container.spec.env[RUN_VARIABLE])
        script = TrialScript(
            self._harness.hub,
            self._harness.world,
            cost_usd=0.25,
            ends_after=0.0,
            steps=self._steps,
            step_seconds=60.0,
        )
        script.learns = self._learns
        self.change(script)
        self.scripts[document.run_id] = script
        return script.program(container)

    def _on_exec(self, container: ScriptedContainer, command: list[str]) -> ExecOutcome:
        document = RunDocument.from_json(container.spec.env[RUN_VARIABLE])
        return self.scripts[document.run_id].on_exec(container, command)


class TrialScript(Script):
    """Trains until its steps are done, or until it is told to stop."""

    learns: Learns

    def told_at(self, document: RunDocument, number: int) -> dict[str, Any]:
        loss = self.learns(document.settings, number)
        return {"step": number * 100, "losses": {"loss": loss}}

    def on_exec(self, container: ScriptedContainer, command: list[str]) -> ExecOutcome:
        outcome = super().on_exec(container, command)
        if self.stopping:
            self.reason = "stopped"
        return outcome


class Computer:
    """One of the person's computers, with what its studies told there."""

    def __init__(self, bench: Workbench, keys: Keys) -> None:
        self.bench, self.keys = bench, keys
        self.news: list[StudyNews] = []

    @property
    def told(self) -> list[str]:
        return [str(each.text) for each in self.news]

    async def create(self, **wish: Any) -> CreatedStudy:
        """Of a command whose settings are searched; 2 dollars and an hour a run at most."""
        given = {
            "recipe": "command",
            "argv": ["true"],
            "results_repo": RESULTS_REPO,
            "max_hours": 1.0,
            "max_cost_usd": 2.0,
            "boot_minutes": 10.0,
        }
        usual: dict[str, Any] = {
            "name": "tune",
            "search": SEARCH,
            "objective": "loss",
            "budget_usd": 10.0,
        }
        return await create_study(
            self.bench, self.keys, None, given, StudyWish(**{**usual, **wish})
        )

    async def run(self) -> StudyEnd:
        return await run_study(self.bench, self.keys, ADDRESS, self.news.append)

    async def study(self) -> Study:
        return (await find_study(self.bench, ADDRESS)).study


class StudyWorld:
    """A cloud, a Hub, and two computers of one person."""

    def __init__(self, folder: Path, *, hub_seconds: float = 0.0, **pods: Any) -> None:
        """With `hub_seconds` each call to the Hub takes that long, and others come in between."""
        self.harness = LauncherHarness(folder)
        self.pods = TrialPods(self.harness, **pods)
        benches = self.harness.bench, self.harness.second_home()
        if hub_seconds:
            benches = slowed(benches[0], hub_seconds), slowed(benches[1], hub_seconds)
        self.first, self.second = (Computer(bench, self.harness.keys) for bench in benches)


def slowed(bench: Workbench, hub_seconds: float) -> Workbench:
    async def in_a_while(call: Any, *args: Any, **options: Any) -> Any:
        await asyncio.sleep(hub_seconds)
        return call(*args, **options)

    hub = HubAccess(bench.hub.dataset, bench.hub.upload, run_blocking=in_a_while)
    return replace(bench, hub=hub)


async def until(happens: Callable[[], object], hours: float = 24.0) -> None:
    """Let virtual time pass until it happens."""
    for _ in range(int(hours * 3600)):
        if happens():
            return
        await asyncio.sleep(1.0)
    raise AssertionError("it did not happen")
