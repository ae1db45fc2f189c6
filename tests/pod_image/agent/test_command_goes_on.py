"""A command of the person's own whose host dies: another pod goes on from what was delivered while it ran."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from pod_image.contract.bodies import Body
from pod_image.contract.outcomes import EndReason
from pod_image.contract.paths import RunFolder
from pod_image.recipes.command.keeping import Results
from pod_image.recipes.command.recipe import CommandRecipe
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, Script, ScriptedStage

COMMAND: dict[str, Any] = {
    "recipe": "command",
    "argv": ["train"],
    "dataset_repo": "",
    "checkpoint": ["out/checkpoint-*"],
    "whole_with": ["optimizer.json"],
    "checkpoint_minutes": 2,
}
STEPS, EVERY = 60, 10


def counting(stage: ScriptedStage) -> Results:
    """The recipe's own keeping of results, between the command and the agent."""

    def report(body: Body) -> None:
        stage.emit(body.event, **body.model_dump(mode="json", exclude_defaults=True))

    folder = RunFolder(stage.spec.folder)
    return Results(CommandRecipe().job(stage.document.settings), folder, report, lambda _: None)


def trainer(began: list[int]) -> Script:
    """Counts in its optimiser's state; a checkpoint each tenth step, and a report that it writes anew."""

    async def script(stage: ScriptedStage) -> int:
        results, work = counting(stage), stage.spec.folder / "prepared"
        (work / "out").mkdir(parents=True, exist_ok=True)
        resumed = results.bring_back() if stage.document.resume else None
        first = 0
        if resumed is not None:
            first = int(json.loads((resumed / "optimizer.json").read_text())["steps"])
        began.append(first)
        for step in range(first + 1, STEPS + 1):
            await asyncio.sleep(20.0)
            stage.emit("step", step=step, total_steps=STEPS)
            if step % EVERY == 0:
                folder = work / "out" / f"checkpoint-{step}"
                folder.mkdir(exist_ok=True)
                (folder / "weights.bin").write_bytes(bytes(100))
                (folder / "optimizer.json").write_text(json.dumps({"steps": step}))
                (work / "out" / "report.txt").write_text(f"step {step}")
                results.collect()
        results.collect()
        return 0

    return script


def delivered(harness: AgentHarness, name: str) -> list[str]:
    found = harness.results()
    return sorted(path for path in found if path.startswith(f"run-01/{name}/"))


@pytest.mark.promise("results-all")
@in_virtual_time
async def test_a_second_pod_goes_on_after_the_host_of_the_first_has_died(tmp_path: Path) -> None:
    began: list[int] = []
    harness = AgentHarness(tmp_path, trainer(began))
    first = harness.rent(harness.document(**COMMAND))
    await harness.until("step", step=35)
    await asyncio.sleep(60.0)
    harness.world.kill_host(first)
    text = harness.results()["run-01/files/out/report.txt"].read_text()
    assert text == "step 30", "delivered while it ran"
    harness.said.clear()
    harness.rent(harness.document(**COMMAND, attempt=2, nonce="nonce2", resume=True))
    await harness.until_gone()
    assert began == [0, 30]
    assert harness.ended["reason"] == EndReason.FINISHED
    assert harness.results()["run-01/files/out/report.txt"].read_text() == "step 60"
    below = "run-01/checkpoints/step-000000{}/out/checkpoint-{}"
    # What the first pod left behind itself stays: the second never had it on its disk.
    assert delivered(harness, "checkpoints")[2:] == [
        f"{below.format(step, step)}/{name}"
        for step in (50, 60)
        for name in ("optimizer.json", "weights.bin")
    ]


@pytest.mark.parametrize("dies", [False, True])
@in_virtual_time
async def test_outputs_that_the_command_wants_come_back_without_any_checkpoint(
    tmp_path: Path, dies: bool
) -> None:
    """Also what only the last commit before a host's death brought: its record could not name it yet."""
    seen: list[str | None] = []

    async def script(stage: ScriptedStage) -> int:
        results, state = counting(stage), stage.spec.folder / "prepared" / "out" / "state.txt"
        resumed = results.bring_back() if stage.document.resume else None
        seen.append(state.read_text() if resumed else None)
        state.parent.mkdir(parents=True, exist_ok=True)
        state.write_text("as it was")
        results.collect()
        if dies and resumed is None:
            await asyncio.sleep(3_600.0)
        return 0

    harness = AgentHarness(tmp_path, script)
    settings = {**COMMAND, "checkpoint": [], "restore": ["out/state.txt"]}
    first = harness.rent(harness.document(**settings))
    if dies:
        for _ in range(600):
            if delivered(harness, "files"):
                break
            await asyncio.sleep(1.0)
        assert not any("state" in file.path for file in harness.record().delivered)
        harness.world.kill_host(first)
    await harness.until_gone()
    harness.rent(harness.document(**settings, attempt=2, nonce="nonce2", resume=True))
    await harness.until_gone()
    assert seen == [None, "as it was"]
