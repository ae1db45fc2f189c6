"""Runs a recipe's stages as processes apart, listens to them, and ends them when the run has to end."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pod_image.agent.attempt_state import Ending
from pod_image.agent.ports import ProcessSpec, StageProcess
from pod_image.agent.recipe_events import body_in
from pod_image.agent.run import Run
from pod_image.agent.side_by_side import first_of
from pod_image.agent.watchdog import forecast
from pod_image.contract.bodies import (
    CheckpointWritten,
    InstructionReceipt,
    PhaseChange,
    ResultsCollected,
    RunWarning,
    Step,
)
from pod_image.contract.environment import RUN_VARIABLE, RunDocument, without_secrets
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.record import KeptCheckpoint
from pod_image.contract.secret_names import COMMAND_SECRET_PREFIX, command_secrets
from pod_image.recipes.base import INPUT_FAULT, Stage

AGENT_STOP_ID = "agent-stop"
AGENT_SAVE_ID = "agent-save"
OUT_OF_MEMORY = "out of memory"
"""As torch and CUDA say it, in whatever error."""


class Listener(Protocol):
    """Who else wants to know what a stage says."""

    def checkpoint_kept(self) -> None: ...

    def receipt(self, receipt: InstructionReceipt) -> bool:
        """Take in a receipt of the stage. True when it may be passed on as it is."""
        ...


@dataclass
class Supervisor:
    """At most one stage runs at a time."""

    run: Run
    listener: Listener
    process: StageProcess | None = None
    stage: Stage | None = None
    fault: RunWarning | None = None
    """The last warning of the running stage: what explains exit code 2."""

    @property
    def takes_instructions(self) -> bool:
        return self.process is not None and self.stage is not None and self.stage.takes_instructions

    @property
    def works_in_silence(self) -> bool:
        return self.process is not None and self.stage is not None and self.stage.works_in_silence

    async def send(self, instruction: Instruction) -> None:
        if self.process is not None and self.takes_instructions:
            await self.process.send(instruction.model_dump_json())

    async def run_stage(self, stage: Stage, document: RunDocument) -> Ending | None:
        """Run one stage to its end. Returns why the run ends because of it, or None.

        When the run is ending for another reason the stage is stopped: asked first, then killed.
        """
        run = self.run
        self.stage, self.fault = stage, None
        try:
            self.process = await self._start(stage, document)
        except OSError as exc:
            return Ending(
                EndReason.FAILED, f"{stage.argv[0]} could not be started: {exc.strerror}."
            )
        run.attempt_file.note(
            stage_pid=self.process.pid, stage_started=run.ports.processes.started(self.process.pid)
        )
        try:
            code = await self._until_over(self.process, stage)
        finally:
            # Whatever the stage left behind ends with it, also when this task is cancelled.
            process, self.process = self.process, None
            await process.end(0.0)
        return self._outcome(stage, code)

    async def _start(self, stage: Stage, document: RunDocument) -> StageProcess:
        run = self.run
        spec = ProcessSpec(
            argv=stage.argv,
            folder=run.folder.root,
            environment=stage_environment(run.ports.environment, document, stage),
            takes_instructions=stage.takes_instructions,
            user=run.user,
        )
        return await run.ports.processes.start(spec, self._heard, run.events.log)

    async def _until_over(self, process: StageProcess, stage: Stage) -> int | None:
        """The exit code, or None when the stage was made to end."""
        over = asyncio.ensure_future(process.wait())
        try:
            if stage.phase is Phase.EXPORT:
                return await self._in_time(over, process)
            await first_of(over, self.run.is_ending)
            return over.result() if over.done() else await self._stop(over, process)
        finally:
            over.cancel()

    async def _in_time(self, over: asyncio.Future[int], process: StageProcess) -> int | None:
        """Export runs whatever the reason of the end, but leaves half the time that is left to delivery."""
        limit = min(self.run.ports.timing.export_seconds, self.run.seconds_left / 2)
        await first_of(over, self.run.is_aborted, limit)
        if over.done():
            return over.result()
        self.run.events.say(f"Export took over {limit:.0f} s and was ended.")
        await process.end(min(self.run.ports.timing.kill_grace_seconds, limit / 4))
        return 1

    async def _stop(self, over: asyncio.Future[int], process: StageProcess) -> int | None:
        timing, run = self.run.ports.timing, self.run
        if self.takes_instructions and not run.is_aborted.is_set():
            instruction = Instruction(id=AGENT_STOP_ID, command=InstructionName.STOP)
            await process.send(instruction.model_dump_json())
            grace = min(timing.stop_grace_seconds, run.seconds_left / 3)
            await first_of(over, run.is_aborted, grace)
        if not over.done():
            is_aborted = run.is_aborted.is_set()
            await process.end(0.5 if is_aborted else timing.kill_grace_seconds)
        return None

    def _outcome(self, stage: Stage, code: int | None) -> Ending | None:
        if code is None or code == 0:
            return None
        for line in self.run.events.last_log_lines():
            self.run.events.say(line)
        if code == INPUT_FAULT:
            said, hint = (self.fault.message, self.fault.what_to_do) if self.fault else ("", "")
            detail = said or f"{stage.phase.value} refused its input."
            return Ending(EndReason.FAILED, detail, hint)
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        reason = EndReason.TRAINER_DIED if stage.phase is Phase.TRAIN else EndReason.FAILED
        if any(OUT_OF_MEMORY in line.casefold() for line in self.run.events.newest_log_lines()):
            what = f"The process of {stage.phase.value} ran out of memory and ended {how}."
            return Ending(reason, what, self.run.recipe.less_memory)
        return Ending(
            reason, f"The process of {stage.phase.value} ended {how}.", "Its log says more."
        )

    def _heard(self, line: str) -> None:
        """One line of the event pipe. A fault of ours here must not deafen us to the next line."""
        try:
            self._take_in(line)
        except Exception:
            for said in traceback.format_exc().splitlines():
                self.run.events.say(said)

    def _take_in(self, line: str) -> None:
        """What is no event that a recipe may say becomes log."""
        run, body = self.run, body_in(line)
        if body is None or self.stage is None:
            run.events.log(line)
            return
        if isinstance(body, PhaseChange) and body.state != "progress":
            return  # beginnings and ends of phases are the agent's to say
        run.progress.heard(body, run.now())
        if isinstance(body, CheckpointWritten):
            run.progress.checkpoint = _kept(run.folder, body)
        match body:
            case Step():
                run.events.thinned(body.model_copy(update=self._forecast()))
            case PhaseChange():
                run.events.thinned(body.model_copy(update={"phase": self.stage.phase}))
            case ResultsCollected():
                self.listener.checkpoint_kept()
            case InstructionReceipt():
                if self.listener.receipt(body):
                    run.events.emit(body)
            case _:
                run.events.emit(body)
        if isinstance(body, RunWarning):
            self.fault = body
        if isinstance(body, CheckpointWritten):
            self.listener.checkpoint_kept()

    def _forecast(self) -> dict[str, Any]:
        run = self.run
        seen = forecast(run.limits, run.progress, run.rules, run.now())
        return {
            "cost_usd": seen.cost_usd,
            "ends_at": seen.ends_at,
            "cost_at_end_usd": seen.cost_at_end_usd,
        }


def _kept(folder: RunFolder, body: CheckpointWritten) -> KeptCheckpoint:
    """A checkpoint with its files: some are a folder of them."""
    path = folder.out / body.path
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    below = tuple(one.relative_to(folder.out).as_posix() for one in files)
    return KeptCheckpoint(step=body.step, paths=below)


def stage_environment(
    environment: Mapping[str, str], document: RunDocument, stage: Stage
) -> dict[str, str]:
    """The pod's environment without keys: neither by name, nor by value under another name.

    What a person named for their command is handed to its stage alone.
    """
    kept = without_secrets(environment)
    if stage.gets_secrets:
        own = command_secrets(environment)
        kept |= {COMMAND_SECRET_PREFIX + name: value for name, value in own.items()}
    return {**kept, RUN_VARIABLE: document.to_json(), "PYTHONUNBUFFERED": "1"}
