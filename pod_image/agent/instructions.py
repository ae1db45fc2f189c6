"""Instructions into the pod: from the spool folder and from numbered files in the results repo; a receipt for each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from pod_image.agent.attempt_state import Ending
from pod_image.agent.copies import Copies
from pod_image.agent.ports import HubTrouble
from pod_image.agent.run import Run
from pod_image.agent.supervisor import AGENT_SAVE_ID, AGENT_STOP_ID, Supervisor
from pod_image.agent.uploads import Uploads
from pod_image.contract.bodies import InstructionReceipt, ReceiptState, RunWarning
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.results_address import results_kind

_AGENT_IDS = (AGENT_STOP_ID, AGENT_SAVE_ID)
_MAX_BYTES = 4_096


@dataclass(frozen=True)
class Made:
    """What an instruction asked for is on disk, at `paths` below the run's folder; not yet in the results repo."""

    instruction: Instruction
    paths: tuple[str, ...]
    detail: str = ""
    step: int | None = None
    """That of the checkpoint, where a save made one."""


class Instructions:
    """Takes instructions, passes on what is the trainer's, and says `done` only when it took effect."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._seen: set[str] = set()
        self._saves: list[Instruction] = []
        self._stops: list[Instruction] = []
        self._samples: list[Instruction] = []
        self._made: list[Made] = []
        self.supervisor: Supervisor | None = None
        self.uploads: Uploads | None = None
        self.copies = Copies(run, lambda: self.uploads, self._say)

    async def watch_spool(self) -> None:
        """Look at the spool folder for ever."""
        while True:
            await self.take_spooled()
            await self._run.clock.sleep(self._run.ports.timing.spool_seconds)

    async def watch_numbered(self) -> None:
        """Look for the next numbered file for ever: the way that works where exec is refused."""
        while True:
            await self._run.clock.sleep(self._run.ports.timing.numbered_instructions_seconds)
            await self.take_numbered()

    async def take_spooled(self) -> None:
        for path in sorted(self._run.folder.instructions.glob("*.json")):
            try:
                content = path.read_bytes()[:_MAX_BYTES]
                path.unlink()
            except OSError:
                continue
            await self._take(content, path.stem)

    async def take_numbered(self) -> None:
        """Take every file that was not taken yet, in the order they were left."""
        run = self._run
        while True:
            number = run.attempt_file.state.commands_taken + 1
            try:
                content = await run.ports.run_blocking(
                    partial(run.hub.read, run.results.control(number))
                )
            except HubTrouble:
                return  # the next look is in half a minute
            if content is None:
                if not run.attempt_file.state.has_read_old_commands:
                    run.attempt_file.note(has_read_old_commands=True)
                return
            run.attempt_file.note(commands_taken=number)
            await self._take(content[:_MAX_BYTES], f"{number:04d}", is_numbered=True)

    async def _take(self, content: bytes, name: str, *, is_numbered: bool = False) -> None:
        try:
            instruction = Instruction.model_validate_json(content)
        except ValidationError:
            self._run.events.emit(
                RunWarning(
                    code="bad_command",
                    message=f"The instruction {Path(name).name!r} cannot be read; it was left out.",
                    hint="Instructions are stop, save, sample, copy and abort.",
                )
            )
            return
        if instruction.id in self._seen or instruction.id in _AGENT_IDS:
            return  # the same instruction may come both ways
        self._seen.add(instruction.id)
        if not_for_us := self._not_for_us(instruction, is_numbered=is_numbered):
            self._say(instruction, "refused", not_for_us)
            return
        self._say(instruction, "received")
        await self._carry_out(instruction)

    def _not_for_us(self, instruction: Instruction, *, is_numbered: bool) -> str:
        """Why the instruction is not this attempt's, or "". One that does not say whose it is counts as ours, unless it
        may have been left for an earlier attempt: as a file that this one found there when it began."""
        if instruction.nonce:
            is_ours = instruction.nonce == self._run.document.attempt.nonce
            return "" if is_ours else "it was for another attempt of this run, not for this one"
        document = self._run.document
        has_earlier = document.resume or document.attempt.number > 1
        if is_numbered and has_earlier and not self._run.attempt_file.state.has_read_old_commands:
            return "it was left before this attempt began, and does not say which attempt it is for"
        return ""

    async def _carry_out(self, instruction: Instruction) -> None:
        match instruction.command:
            case InstructionName.ABORT:
                self._say(instruction, "done", "the pod is released now")
                self._run.end(Ending(EndReason.ABORTED, "Aborted on request."))
            case InstructionName.STOP:
                self._stop(instruction)
            case InstructionName.SAVE | InstructionName.SAMPLE:
                await self._pass_on(instruction)
            case InstructionName.COPY:
                self.copies.ask(instruction)

    def _stop(self, instruction: Instruction) -> None:
        if self._run.ending is not None or self._run.progress.phase not in _STOPPABLE:
            self._say(instruction, "done", "the run is ending already")
            return
        self._stops.append(instruction)
        self._run.end(Ending(EndReason.STOPPED, "Stopped on request."))

    async def _pass_on(self, instruction: Instruction) -> None:
        supervisor = self.supervisor
        is_training = self._run.progress.phase is Phase.TRAIN and self._run.ending is None
        if supervisor is None or not supervisor.takes_instructions or not is_training:
            self._say(instruction, "refused", "no training that accepts instructions is running")
            return
        waiting = self._saves if instruction.command is InstructionName.SAVE else self._samples
        waiting.append(instruction)
        await supervisor.send(instruction)

    def receipt(self, receipt: InstructionReceipt) -> bool:
        """The trainer's word on an instruction. True when it may go out as it is."""
        if receipt.id in _AGENT_IDS:
            return False
        for waiting in (self._saves, self._samples):
            for instruction in waiting:
                if instruction.id == receipt.id:
                    return self._answered(instruction, receipt)
        return False

    def _answered(self, instruction: Instruction, receipt: InstructionReceipt) -> bool:
        is_save = instruction.command is InstructionName.SAVE
        (self._saves if is_save else self._samples).remove(instruction)
        if receipt.state != "done":
            return True
        # On disk is not yet kept, nor to be heard: both are done when the results repo has the file.
        uploads = self.uploads
        self._made.append(self._made_by(instruction, receipt.detail))
        if uploads is not None and is_save:
            uploads.checkpoint_kept()
        elif uploads is not None:
            uploads.sample_said()
        return False

    def checkpoint_kept(self) -> None:
        """A checkpoint is whole on disk."""
        if self.uploads is not None:
            self.uploads.checkpoint_kept()

    def uploaded(self) -> None:
        """A commit was made: what it brought to the results repo is done."""
        made, self._made = self._made, []
        for one in map(self._newest, made):
            if self._is_in_repo(one):
                self._say_made(one)
            else:
                self._made.append(one)

    def _made_by(self, instruction: Instruction, detail: str = "") -> Made:
        progress, uploads = self._run.progress, self.uploads
        if instruction.command is not InstructionName.SAVE:
            paths = (progress.sample_path,) if progress.sample_path else ()
            return Made(instruction, paths, detail)
        if progress.checkpoint is not None:
            return Made(instruction, progress.checkpoint.paths, detail, progress.checkpoint.step)
        # A recipe without checkpoints has put files where they are collected.
        return Made(
            instruction, uploads.results.pending_paths() if uploads is not None else (), detail
        )

    def _newest(self, made: Made) -> Made:
        """A checkpoint that was dropped before it was uploaded never comes; the one after it holds more."""
        out = self._run.folder.out
        if made.step is None or all((out / path).is_file() for path in made.paths):
            return made
        return self._made_by(made.instruction, made.detail)

    @property
    def _where(self) -> str:
        return results_kind(self._run.settings.results_there)

    def _is_in_repo(self, made: Made) -> bool:
        return self.uploads is None or all(map(self.uploads.results.has, made.paths))

    def _say_made(self, made: Made) -> None:
        if made.instruction.command is not InstructionName.SAVE:
            detail = made.detail or "".join(made.paths)
        elif made.step is not None:
            detail = f"step {made.step} is in the {self._where}"
        else:
            detail = f"in the {self._where}: {made.detail or 'all there was'}"
        self._say(made.instruction, "done", detail)

    def work_is_over(self) -> None:
        """Training has ended: what waited for it is done, or will not come any more."""
        self.copies.work_is_over()
        stops, self._stops = self._stops, []
        for instruction in stops:
            self._say(instruction, "done", f"stopped at step {self._run.progress.step}")
        samples, self._samples = self._samples, []
        for instruction in samples:
            self._say(instruction, "refused", "training ended before it was spoken")

    def delivery_is_over(self, *, is_delivered: bool) -> None:
        made, self._made = self._made, []
        # A save that the trainer never answered is done too, when its last checkpoint was delivered.
        saves, self._saves = self._saves, []
        for one in (*map(self._newest, made), *map(self._made_by, saves)):
            # Without a path the whole delivery has to speak for it.
            if self._is_in_repo(one) if one.paths else is_delivered:
                self._say_made(one)
            else:
                self._say(one.instruction, "refused", f"the {self._where} did not take it")

    def _say(self, instruction: Instruction, state: ReceiptState, detail: str = "") -> None:
        self._run.events.emit(
            InstructionReceipt(
                id=instruction.id, command=instruction.command.value, state=state, detail=detail
            )
        )


_STOPPABLE = (Phase.BOOT, Phase.FETCH, Phase.PREPARE, Phase.TRAIN)
