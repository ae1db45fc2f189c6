"""Every instruction into pods of real processes: by exec, also of an agent out of a wheel, and by numbered file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from launcher.config import read_config
from launcher.demo.cloud import DemoCloud, demo_cloud
from launcher.domain.run import Run
from launcher.emulator.runpod import ContainerSpec, ProcessRunner
from launcher.errors import NoRight
from launcher.services.common.observations import EventSeen, LogSeen, RunEnded
from launcher.services.common.workbench import Workbench, open_workbench
from launcher.services.following.instructions import Way, new_instruction, send
from launcher.services.following.run_in_pod import Done, run_in_pod
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import Keys, find_keys
from pod_image.contract.bodies import InstructionReceipt
from pod_image.contract.instructions import InstructionName
from pod_image.contract.outcomes import EndReason

PROGRAM = (
    "import time, pathlib; pathlib.Path('out').mkdir(exist_ok=True); "
    "pathlib.Path('out/so-far.txt').write_text('half'); print('at work', flush=True); time.sleep(600)"
)
SAVED = "files/out/so-far.txt"
BESIDE = "pwd; env; cat out/so-far.txt"
"""What a person might want to see of a run that goes on."""
NO_SAMPLES = "a command of your own has no samples"
AGENT_WITHOUT_PATIENCE = """
import asyncio
import os
from pod_image.agent.story import run_pod
from pod_image.agent.system import system_ports
from pod_image.agent.timing import Timing

asyncio.run(run_pod(system_ports(os.environ, Timing(numbered_instructions_seconds=0.5))))
"""


class QuickLooks(ProcessRunner):
    """Pods whose agent looks for numbered files twice a second, and is the real one in all else."""

    def _command(self, spec: ContainerSpec) -> list[str]:
        if self.is_own(spec.image):
            return [sys.executable, "-c", AGENT_WITHOUT_PATIENCE]
        return super()._command(spec)


@dataclass
class Conversation:
    """A run, and what was said to it and by it: command, state and detail of each receipt."""

    bench: Workbench
    run: Run
    ways: list[Way] = field(default_factory=list)
    receipts: list[tuple[str, str, str]] = field(default_factory=list)
    saved: set[str] = field(default_factory=set)
    """What the results repo held when the save was done."""
    names: dict[str, str] = field(default_factory=dict)
    beside: Done | None = None
    """What a command left behind that ran beside it; None where the place takes none."""

    async def run_beside(self) -> None:
        with suppress(NoRight):
            self.beside = await run_in_pod(self.bench, self.run, ("sh", "-c", BESIDE))

    async def say(self, name: InstructionName, text: str = "") -> None:
        instruction = new_instruction(name, text)
        self.names[instruction.id] = name.value
        self.ways.append((await send(self.bench, self.run, instruction)).way)

    async def follow(self, *instructions: tuple[InstructionName, str]) -> None:
        """Say the instructions one by one, each when the one before it was answered, and watch to the end."""
        waiting = list(instructions)
        async with aclosing(watch(self.bench, self.run)) as observations:
            async for seen in observations:
                if isinstance(seen, LogSeen) and "at work" in seen.text:
                    await self.run_beside()
                    await self.say(*waiting.pop(0))
                if isinstance(seen, EventSeen) and isinstance(
                    receipt := seen.event.body, InstructionReceipt
                ):
                    self.receipts.append((self.names[receipt.id], receipt.state, receipt.detail))
                    if receipt.command == "save" and receipt.state == "done":
                        results = self.bench.results(self.run.results_repo)
                        self.saved = {each.path for each in await results.files(self.run.run_id)}
                    if receipt.state != "received" and waiting:
                        await self.say(*waiting.pop(0))
                if isinstance(seen, RunEnded):
                    self.run = seen.run


@pytest.mark.parametrize(
    ("image", "fault", "way"),
    [("bootstrap", "", Way.EXEC), ("", "exec-refused", Way.FILE)],
    ids=["exec", "numbered file"],
)
@pytest.mark.slow
def test_every_command_goes_into_a_real_pod_and_its_receipts_come_out(
    tmp_path: Path, image: str, fault: str, way: Way
) -> None:
    faults = {fault: None} if fault else None
    with demo_cloud(tmp_path, faults, QuickLooks(tmp_path / "pods")) as cloud:
        kept, dropped = asyncio.run(_both(cloud, tmp_path / "home", image))
    assert set(kept.ways) | set(dropped.ways) == {way}
    told = [(name, state) for name, state, _ in kept.receipts]
    assert told == [
        ("save", "received"),
        ("save", "done"),
        ("sample", "received"),
        ("sample", "refused"),
        ("copy", "received"),
        ("copy", "done"),
        ("stop", "received"),
        ("stop", "done"),
    ]
    assert f"{kept.run.run_id}/{SAVED}" in kept.saved
    assert kept.receipts[3][2] == NO_SAMPLES
    assert kept.receipts[5][2] == "1 file, 4 bytes"
    assert kept.run.end_reason is EndReason.STOPPED
    tokens = [value for name, value in cloud.env.items() if "TOKEN" in name or "KEY" in name]
    assert len(tokens) >= 3
    _check_beside(kept, is_taken=way is Way.EXEC, tokens=tokens)
    assert [(name, state) for name, state, _ in dropped.receipts] == [
        ("abort", "received"),
        ("abort", "done"),
    ]
    assert dropped.run.end_reason is EndReason.ABORTED


def _check_beside(kept: Conversation, *, is_taken: bool, tokens: Sequence[str]) -> None:
    """In the folder of the run's command, and without a key."""
    if not is_taken:
        assert kept.beside is None
        return
    assert kept.beside is not None
    folder, *environment, file = kept.beside.stdout.splitlines()
    assert (kept.beside.exit_code, file) == (0, "half")
    assert folder.endswith("/run/prepared")
    assert f"WORK_DIR={folder}" in environment
    assert not [line for line in environment if "TOKEN" in line or "API_KEY" in line]
    assert not any(token in kept.beside.stdout for token in tokens)


async def _both(cloud: DemoCloud, home: Path, image: str) -> tuple[Conversation, Conversation]:
    """One run that is told to save, to say something and to stop, and one beside it that is aborted."""
    config = replace(read_config({**cloud.env, "LAUNCHER_HOME": str(home)}), poll_seconds=1.0)
    keys = find_keys(cloud.env)
    async with open_workbench(config, keys) as bench:
        kept = Conversation(bench, await _launched(bench, keys, cloud, image))
        dropped = Conversation(bench, await _launched(bench, keys, cloud, ""))
        await asyncio.gather(
            kept.follow(
                (InstructionName.SAVE, ""),
                (InstructionName.SAMPLE, "Hello."),
                (InstructionName.COPY, "out/so-far.txt"),
                (InstructionName.STOP, ""),
            ),
            dropped.follow((InstructionName.ABORT, "")),
        )
        return kept, dropped


async def _launched(bench: Workbench, keys: Keys, cloud: DemoCloud, image: str) -> Run:
    given = {
        "recipe": "command",
        "argv": [sys.executable, "-c", PROGRAM],
        "results_repo": cloud.results_repo,
        "max_hours": 0.2,
        **({"image": image} if image else {}),
    }
    return await launch(bench, await make_plan(bench, compose(None, given), keys), keys)
