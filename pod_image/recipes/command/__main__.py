"""Runs the person's command: `python -m pod_image.recipes.command`, started by the agent, without any key."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pod_image.contract.bodies import InstructionReceipt, PhaseChange, ReceiptState, RunWarning
from pod_image.contract.contract_error import ContractError
from pod_image.contract.environment import EVENTS_FD_VARIABLE, RUN_VARIABLE
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.interpreter import SAFE_PATH_VARIABLE
from pod_image.contract.keys import hide_keys
from pod_image.contract.next_steps import Said
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.settings import RunSettings
from pod_image.recipes import load
from pod_image.recipes.command.activity import cpu_seconds
from pod_image.recipes.command.collecting import collect, is_inside
from pod_image.recipes.command.progress.listening import Listener
from pod_image.recipes.command.recipe import CommandRecipe, Job, files_folder
from pod_image.recipes.worker import BY_SIGNAL_ID, Emit, Reporter, StoppableInbox, run_document

INPUT_FAULT = 2
LOOK_SECONDS = 0.1
ALIVE_SECONDS = 10.0
STOP_SECONDS = 30.0
"""A command that is stopped gets so long to write what it has."""
SIGNAL_SECONDS = 3.0
"""And so long when we are told by signal: ten seconds later, or sooner, we are killed, and collect nothing."""


@dataclass
class Work:
    """One command while it runs."""

    job: Job
    folder: RunFolder
    report: Emit
    process: subprocess.Popen[bytes]
    listener: Listener
    stop_at: float | None = None
    began: float = field(default_factory=time.monotonic)
    _said_at: float = 0.0
    _said: tuple[int, int] = (0, 0)

    def until_over(self, take: Callable[[], list[Instruction]]) -> int:
        """Its exit code; commands are carried out meanwhile."""
        output = self.process.stdout
        assert output is not None
        reader = threading.Thread(
            target=self.listener.listen, args=(output.fileno(),), name="output", daemon=True
        )
        reader.start()
        while (code := self.process.poll()) is None:
            for command in take():
                self._carry_out(command)
            self._end_when_late()
            self._say_alive()
            self.listener.look()
            time.sleep(LOOK_SECONDS)
        reader.join(timeout=2.0)
        self.listener.finish()
        return code

    def _carry_out(self, command: Instruction) -> None:
        match command.command:
            case InstructionName.STOP:
                grace = SIGNAL_SECONDS if command.id == BY_SIGNAL_ID else STOP_SECONDS
                self.stop_at = min(self.stop_at or math.inf, time.monotonic() + grace)
                _signal(self.process, signal.SIGTERM)
                self._receipt(command, "done", "asked to end")
            case InstructionName.SAVE:
                count = self.collect()
                self._receipt(command, "done", f"{count} files")
            case _:
                self._receipt(command, "refused", "a command of your own has no samples")

    def collect(self) -> int:
        return collect(self.folder.prepared, self.job.outputs, files_folder(self.folder))

    def _receipt(self, command: Instruction, state: ReceiptState, detail: str) -> None:
        name = command.command.value
        self.report(InstructionReceipt(id=command.id, command=name, state=state, detail=detail))

    def _end_when_late(self) -> None:
        if self.stop_at is not None and time.monotonic() >= self.stop_at:
            _signal(self.process, signal.SIGKILL)

    def _say_alive(self) -> None:
        """It gets on when it writes or computes; a command that does neither for long is stuck."""
        now = time.monotonic()
        if now - self._said_at < ALIVE_SECONDS:
            return
        self._said_at = now
        seen = (self.listener.lines, int(cpu_seconds(self.process.pid)))
        if seen != self._said:
            self._said = seen
            worked = round(now - self.began, 1)
            self.report(
                PhaseChange(phase=Phase.TRAIN, state="progress", done=worked, unit="seconds")
            )


def main() -> int:
    report = Reporter()
    try:
        job = _job(run_document().settings)
    except ContractError as exc:
        return _refuse(report, exc.message, exc.hint)
    outside = [pattern for pattern in job.outputs if not is_inside(pattern)]
    if outside:
        hint = "Outputs are patterns below the command's folder, such as out/**."
        return _refuse(report, f"The pattern {outside[0]!r} leads out of its folder.", hint)
    folder, inbox = RunFolder(Path.cwd()), StoppableInbox()
    try:
        process = _start(job, folder)
    except OSError as exc:
        hint = "Check its name, and that the image has it."
        return _refuse(
            report, f"{hide_keys(job.argv[0])} could not be started: {exc.strerror}.", hint
        )
    listener = Listener(job.progress, folder.prepared, time.monotonic, report, _log)
    work = Work(job, folder, report, process, listener)
    code = work.until_over(inbox.take)
    work.collect()
    return _outcome(report, code, was_stopped=work.stop_at is not None)


def _job(settings: RunSettings) -> Job:
    """What the run's recipe wants done: this one, or one that is built on it."""
    recipe = load(settings.recipe)
    assert isinstance(recipe, CommandRecipe), recipe
    return recipe.job(settings)


def _log(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _start(job: Job, folder: RunFolder) -> subprocess.Popen[bytes]:
    """In a folder of its own, with `dataset` beside it; its environment says where both are."""
    work = folder.prepared
    (work / "out").mkdir(parents=True, exist_ok=True)
    # Ours; `python -m train` of the person's own begins, as everywhere, in the folder of the command.
    private = (EVENTS_FD_VARIABLE, RUN_VARIABLE, SAFE_PATH_VARIABLE)
    environment = {name: value for name, value in os.environ.items() if name not in private}
    return subprocess.Popen(
        job.argv,
        cwd=work,
        env={**environment, "DATASET_DIR": str(folder.dataset), "OUT_DIR": str(work / "out")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _outcome(report: Emit, code: int, *, was_stopped: bool) -> int:
    """Our exit code: the command's own failure is explained, a kill from outside is a crash."""
    if code == 0 or was_stopped:
        return 0
    if code < 0:
        print(f"The command was killed by signal {-code}.", flush=True)
        return 1
    hint = "What it wrote last stands at the end of its log."
    return _refuse(report, f"The command ended with exit code {code}.", hint)


def _refuse(report: Emit, message: Said, hint: Said) -> int:
    report(RunWarning.saying("command", message, hint))
    return INPUT_FAULT


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To the command and all it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


if __name__ == "__main__":
    sys.exit(main())
