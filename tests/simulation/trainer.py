"""The one thing that is scripted: a recipe's stages as a well-behaved one runs them, and as faults leave them."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pod_image.agent.ports import Line, ProcessSpec
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.recipes.command import CommandSettings
from pod_image.recipes.command.collecting import Outputs, collect
from tests.simulation.disks import Disk, content
from tests.simulation.processes import Process, spawn

KEPT_CHECKPOINTS = 3
KILLED = -9


@dataclass(frozen=True)
class Work:
    """What is trained, how long it takes, how often it keeps a checkpoint, and how large files are.

    One byte on a simulated disk stands for a thousand: `checkpoint_mb` of 105 is a file of 105 kB.
    """

    steps: int
    step_seconds: float
    checkpoint_steps: int
    checkpoint_mb: float = 0.2
    recipe: str = "piper"
    files: int = 3
    """How many a command leaves."""

    @property
    def seconds(self) -> float:
        return self.steps * self.step_seconds

    @property
    def checkpoint_bytes(self) -> int:
        return int(self.checkpoint_mb * 1000)


@dataclass
class Machine:
    """What the stages of one pod share: the disk, the GPU and what has befallen them."""

    pod_id: str
    folder: Path
    now: Callable[[], float]
    work: Work
    disk: Disk
    is_full: bool = False
    was_full: bool = False
    was_export_killed: bool = False
    is_hung: bool = False
    is_lame: bool = False
    gpu_percent: float = 90.0
    blurted: str = ""
    """What a trainer prints that it should not know."""
    steps: list[tuple[float, int]] = field(default_factory=list)
    stages: list[ScriptedStage] = field(default_factory=list)


class ScriptedStage:
    """A stage's process. Its lines reach the agent while that lives."""

    pid = 4242

    def __init__(
        self,
        machine: Machine,
        spec: ProcessSpec,
        on_event: Line,
        on_output: Line,
        process: Process,
        agent: Process,
    ) -> None:
        self.spec = spec
        self.process = process
        self.document = RunDocument.from_json(spec.environment[RUN_VARIABLE])
        self._machine, self._agent = machine, agent
        self._on_event, self._on_output = on_event, on_output
        self._commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        machine.stages.append(self)
        self._task = spawn(process, self._run())

    @property
    def is_over(self) -> bool:
        return self._code.done()

    async def wait(self) -> int:
        return await asyncio.shield(self._code)

    async def send(self, line: str) -> None:
        if self.spec.takes_instructions:
            self._commands.put_nowait(json.loads(line))

    async def end(self, grace_seconds: float) -> None:
        if not self.is_over:
            await asyncio.sleep(grace_seconds)
            self.kill()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.die()
        self._exit(KILLED)

    def _exit(self, code: int) -> None:
        if not self._code.done():
            self._code.set_result(code)

    async def _run(self) -> None:
        stages = {
            "prepare": self._prepare,
            "train": self._train,
            "export": self._export,
            "pod_image.recipes.command": self._command,
        }
        try:
            code = await stages[self.spec.argv[-1]]()
        except OSError as exc:
            self._say(f"Traceback: {exc}")
            code = 1
        self._exit(code)

    async def _prepare(self) -> int:
        self._blurt()
        await asyncio.sleep(20.0)
        return 0

    async def _export(self) -> int:
        await asyncio.sleep(15.0)
        self._write("voice/demo.onnx", 63)
        self._write("voice/demo.onnx.json", 1)
        return 0

    async def _train(self) -> int:
        work = self._machine.work
        step = self._first_step()
        while step < work.steps:
            step += 1
            await self._one_step(step)
            if self._obey(step, self._save):
                break
            if step % work.checkpoint_steps == 0 and step < work.steps:
                self._save(step)
        self._save(step)
        return 0

    async def _command(self) -> int:
        """A person's own program below ours: it talks, writes its files as it goes, and ends when it is told to."""
        self._blurt()
        work, made = self._machine.work, 0
        for step in range(1, work.steps + 1):
            if await self._obeys_for(work.step_seconds):
                break
            self._say(f"step {step} of {work.steps}")
            self._tell_step(step)
            while made < work.files * step // work.steps:
                self._produce(made)
                made += 1
        self._collect()
        return 0

    async def _obeys_for(self, seconds: float) -> bool:
        """Let the program work so long. True when it is to stop, which it does at once; hung, it hears nothing."""
        end = self._machine.now() + seconds
        while (left := end - self._machine.now()) > 0 or self._machine.is_hung:
            if self._machine.is_hung:
                await asyncio.sleep(max(left, 60.0))
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    self._commands.put_nowait(await self._commands.get())
            if not self._machine.is_hung and self._obey(0, lambda _: self._collect()):
                return True
        return False

    def _produce(self, number: int) -> None:
        if self._machine.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        path = self.spec.folder / "prepared" / "out" / f"part-{number:04d}.bin"
        path.parent.mkdir(exist_ok=True)
        size_bytes = self._machine.work.checkpoint_bytes
        path.write_bytes(content(f"{self._machine.pod_id} {path.name}", size_bytes))

    def _collect(self) -> None:
        """As the recipe does: whole files that match, to where results are delivered from."""
        if self._machine.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        folder, disk = self.spec.folder, self._machine.disk
        collect(
            folder / "prepared",
            Outputs(CommandSettings.of(self.document.settings).outputs),
            folder / "out" / "files",
        )
        known = {each.below for each in disk.at(self._machine.now())}
        for path in sorted((folder / "out" / "files").rglob("*.bin")):
            below = path.relative_to(folder / "out").as_posix()
            if below not in known:
                disk.wrote(below, path.read_bytes(), self.document.run_id)

    async def _one_step(self, step: int) -> None:
        work, machine = self._machine.work, self._machine
        await asyncio.sleep(work.step_seconds)
        while machine.is_hung:  # noqa: ASYNC110 - a hung program polls nothing and hears nothing
            await asyncio.sleep(60.0)
        self._tell_step(step)

    def _tell_step(self, step: int) -> None:
        work, machine = self._machine.work, self._machine
        machine.steps.append((machine.now(), step))
        self._emit(
            "step",
            step=step,
            total_steps=work.steps,
            losses={"mel": 10.0 / step},
            steps_per_second=1 / work.step_seconds,
        )

    def _blurt(self) -> None:
        # What a careless script prints: all it can see.
        self._say(json.dumps(dict(self.spec.environment)))
        self._say(self._machine.blurted)

    def _first_step(self) -> int:
        done = sorted((self.spec.folder / "out" / "checkpoints").glob("*.ckpt"))
        return int(done[-1].stem.split("-")[1]) if done and self.document.resume else 0

    def _obey(self, step: int, save: Callable[[int], None]) -> bool:
        """Do what the commands say. True when training stops."""
        is_stopped = False
        while not self._commands.empty():
            command = self._commands.get_nowait()
            is_stopped |= command["command"] == "stop"
            if command["command"] == "save":
                save(step)
            self._emit(
                "command", id=command["id"], command=command["command"], state="done", detail=""
            )
        return is_stopped

    def _save(self, step: int) -> None:
        """A checkpoint, whole or not at all; the oldest go."""
        folder = self.spec.folder / "out" / "checkpoints"
        below = f"checkpoints/step-{step:08d}.ckpt"
        size_bytes = self._machine.work.checkpoint_bytes
        self._write(below, size_bytes)
        self._emit("checkpoint", step=step, path=below, size_bytes=size_bytes)
        for old in sorted(folder.glob("step-*.ckpt"))[:-KEPT_CHECKPOINTS]:
            old.unlink()
            self._machine.disk.removed(f"checkpoints/{old.name}")

    def _write(self, below: str, size_bytes: int) -> None:
        """As a careful program does: under another name, synced, then renamed."""
        if self._machine.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        path = self.spec.folder / "out" / below
        path.parent.mkdir(parents=True, exist_ok=True)
        made = content(f"{self._machine.pod_id} {below} {self._machine.now()}", size_bytes)
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        self._machine.disk.wrote(below, made, self.document.run_id)

    def _emit(self, event: str, **fields: Any) -> None:
        if not self._agent.is_still:
            self._on_event(json.dumps({"event": event, **fields}))

    def _say(self, line: str) -> None:
        if not self._agent.is_still:
            self._on_output(line)
