"""The one thing that is scripted: a recipe's stages as a well-behaved one runs them, and as faults leave them."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pod_image.agent.ports import Line, ProcessSpec
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from tests.simulation.processes import Process, spawn

KEPT_CHECKPOINTS = 3
KILLED = -9


@dataclass(frozen=True)
class Work:
    """How long training is and how often it keeps a checkpoint."""

    steps: int
    step_seconds: float
    checkpoint_steps: int

    @property
    def seconds(self) -> float:
        return self.steps * self.step_seconds


@dataclass
class Saved:
    """A checkpoint that was whole on a pod's disk at that moment."""

    at: float
    step: int
    run_id: str
    pod_id: str


@dataclass
class Machine:
    """What the stages of one pod share: the disk, the GPU and what has befallen them."""

    pod_id: str
    folder: Path
    now: Callable[[], float]
    work: Work
    saved: list[Saved]
    is_full: bool = False
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
        if self.spec.takes_commands:
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
        phase = self.spec.argv[-1]
        try:
            code = await {"prepare": self._prepare, "train": self._train, "export": self._export}[
                phase
            ]()
        except OSError as exc:
            self._say(f"Traceback: {exc}")
            code = 1
        self._exit(code)

    async def _prepare(self) -> int:
        # What a careless script prints: all it can see.
        self._say(json.dumps(dict(self.spec.environment)))
        self._say(self._machine.blurted)
        await asyncio.sleep(20.0)
        return 0

    async def _export(self) -> int:
        await asyncio.sleep(15.0)
        voice = self.spec.folder / "out" / "voice"
        self._write(voice / "demo.onnx", b"voice" * 40)
        self._write(voice / "demo.onnx.json", b"{}")
        return 0

    async def _train(self) -> int:
        work, machine = self._machine.work, self._machine
        step = self._first_step()
        while step < work.steps:
            await asyncio.sleep(work.step_seconds)
            while machine.is_hung:  # noqa: ASYNC110 - a hung program polls nothing and hears nothing
                await asyncio.sleep(60.0)
            step += 1
            machine.steps.append((machine.now(), step))
            self._emit(
                "step",
                step=step,
                total_steps=work.steps,
                losses={"mel": 10.0 / step},
                steps_per_second=1 / work.step_seconds,
            )
            if self._obey(step):
                break
            if step % work.checkpoint_steps == 0 and step < work.steps:
                self._save(step)
        self._save(step)
        return 0

    def _first_step(self) -> int:
        done = sorted((self.spec.folder / "out" / "checkpoints").glob("*.ckpt"))
        return int(done[-1].stem.split("-")[1]) if done and self.document.resume else 0

    def _obey(self, step: int) -> bool:
        """Do what the commands say. True when training stops."""
        is_stopped = False
        while not self._commands.empty():
            command = self._commands.get_nowait()
            is_stopped |= command["command"] == "stop"
            if command["command"] == "save":
                self._save(step)
            self._emit(
                "command",
                id=command["id"],
                command=command["command"],
                state="done",
                detail="",
            )
        return is_stopped

    def _save(self, step: int) -> None:
        """A checkpoint, whole or not at all; the oldest go."""
        folder = self.spec.folder / "out" / "checkpoints"
        path = folder / f"step-{step:08d}.ckpt"
        part = path.with_name(f".{path.name}")
        self._write(part, step.to_bytes(4, "big") * 50)
        part.replace(path)
        machine = self._machine
        machine.saved.append(Saved(machine.now(), step, self.document.run_id, machine.pod_id))
        self._emit("checkpoint", step=step, path=f"checkpoints/{path.name}", size_bytes=200)
        for old in sorted(folder.glob("step-*.ckpt"))[:-KEPT_CHECKPOINTS]:
            old.unlink()

    def _write(self, path: Path, content: bytes) -> None:
        if self._machine.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        path.write_bytes(content)

    def _emit(self, event: str, **fields: Any) -> None:
        if not self._agent.is_still:
            self._on_event(json.dumps({"event": event, **fields}))

    def _say(self, line: str) -> None:
        if not self._agent.is_still:
            self._on_output(line)
