"""One command while it runs: heard, told what the agent says, and ended with all that it started."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from pod_image.contract.bodies import InstructionReceipt, PhaseChange, ReceiptState
from pod_image.contract.figures import counted
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.outcomes import Phase
from pod_image.process_table import Process
from pod_image.recipes.alive import ALIVE_SECONDS
from pod_image.recipes.command.descendants import bury, cpu_seconds, descendants
from pod_image.recipes.command.ending import StopSteps
from pod_image.recipes.command.leftovers import Leftovers
from pod_image.recipes.command.progress.listening import Listener
from pod_image.recipes.command.sign_of_life import SignOfLife
from pod_image.recipes.command.turns import Turns
from pod_image.recipes.worker import BY_SIGNAL_ID, Emit

LOOK_SECONDS = 0.1
STOP_SECONDS = 90.0
"""A command that is stopped gets so long to write what it has; the agent grants half a minute more."""
SIGNAL_SECONDS = 3.0
"""And so long when we are told by signal: ten seconds later, or sooner, we are killed, and collect nothing."""
LEFTOVERS_SECONDS = 6.0
FAULT_SECONDS = 6.0
"""For a command that goes on although it said that something is wrong: what it has made is not wanted."""
UNKILLABLE_SECONDS = 5.0
"""After SIGKILL: what lives on then is held by the kernel."""


@dataclass
class Work:
    process: subprocess.Popen[bytes]
    listener: Listener
    report: Emit
    turns: Turns
    log: Callable[[str], None]
    has_fault: Callable[[], bool] = lambda: False
    """Whether what it wrote says that it has to end."""
    was_stopped: bool = False
    _began: float = field(default_factory=time.monotonic)
    _stop: StopSteps | None = None
    _left: Leftovers | None = None
    _said_at: float = 0.0
    _life: SignOfLife = field(default_factory=lambda: SignOfLife(time.monotonic))

    def until_over(self, take: Callable[[], list[Instruction]]) -> int:
        """The exit code of the command, once nothing that it started lives; instructions are carried out meanwhile."""
        output = self.process.stdout
        assert output is not None
        reader = threading.Thread(
            target=self.listener.listen, args=(output.fileno(),), name="output", daemon=True
        )
        reader.start()
        while True:
            code = self.process.poll()
            for instruction in take():
                self._carry_out(instruction)
            self._say_alive()
            self.listener.look()
            self.turns.look()
            if code is not None and self._is_whole_over(code):
                break
            if code is None and self._stop is None and self.has_fault():
                self._stop = StopSteps.ask(self.process.pid, time.monotonic(), FAULT_SECONDS)
            if code is None and self._stop is not None:
                self._stop.go_on(descendants(), time.monotonic())
            time.sleep(LOOK_SECONDS)
        reader.join(timeout=2.0)
        self.listener.finish()
        return code

    def _is_whole_over(self, code: int) -> bool:
        """The command's own process has ended. What it left is waited for while it works, and ended otherwise."""
        bury(but=self.process.pid)
        living = descendants()
        if not living:
            return True
        if self._stop is None and (code != 0 or self._is_forgotten(living)):
            what = "A process" if len(living) == 1 else f"{len(living)} processes"
            self.log(f"{what} that the command left running: now ended.")
            self._stop = StopSteps.ask(self.process.pid, time.monotonic(), LEFTOVERS_SECONDS)
        if self._stop is None:
            return False
        now = time.monotonic()
        self._stop.go_on(living, now)
        return now >= self._stop.asked_at + self._stop.grace_seconds + UNKILLABLE_SECONDS

    def _is_forgotten(self, living: list[Process]) -> bool:
        if self._left is None:
            self._left = Leftovers(time.monotonic)
        return self._left.is_forgotten(living, self.listener.lines)

    def _carry_out(self, instruction: Instruction) -> None:
        match instruction.command:
            case InstructionName.STOP:
                by_signal = instruction.id == BY_SIGNAL_ID
                self._ask_to_end(SIGNAL_SECONDS if by_signal else STOP_SECONDS)
                self._receipt(instruction, "done", "asked to end")
            case InstructionName.SAVE:
                self.turns.ask(partial(self._saved, instruction))
            case _:
                self._receipt(instruction, "refused", "a command of your own has no samples")

    def _saved(self, instruction: Instruction, files: int) -> None:
        self._receipt(instruction, "done", counted(files, "file"))

    def _ask_to_end(self, grace_seconds: float) -> None:
        self.was_stopped = True
        now = time.monotonic()
        if self._stop is None:
            self._stop = StopSteps.ask(self.process.pid, now, grace_seconds)
        else:
            self._stop.hasten(now, grace_seconds)

    def _receipt(self, instruction: Instruction, state: ReceiptState, detail: str) -> None:
        name = instruction.command.value
        self.report(InstructionReceipt(id=instruction.id, command=name, state=state, detail=detail))

    def _say_alive(self) -> None:
        """A command that gives no sign of life for long is stuck; the agent sees beside it whether a GPU is busy."""
        now = time.monotonic()
        if now - self._said_at < ALIVE_SECONDS:
            return
        self._said_at = now
        bury(but=self.process.pid)
        if self._life.look(self.listener.lines, cpu_seconds(descendants())):
            worked = round(now - self._began, 1)
            self.report(
                PhaseChange(phase=Phase.TRAIN, state="progress", done=worked, unit="seconds")
            )
