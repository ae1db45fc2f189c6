"""Commands into the pod: from the spool folder and from numbered files in the results repo; a receipt for each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from pod_image.agent.attempt_state import Ending
from pod_image.agent.ports import HubTrouble
from pod_image.agent.run import Run
from pod_image.agent.supervisor import AGENT_SAVE_ID, AGENT_STOP_ID, Supervisor
from pod_image.agent.uploads import Uploads
from pod_image.contract.bodies import CommandReceipt, ReceiptState, RunWarning
from pod_image.contract.commands import Command, CommandName
from pod_image.contract.outcomes import EndReason, Phase

_AGENT_IDS = (AGENT_STOP_ID, AGENT_SAVE_ID)
_MAX_COMMAND_BYTES = 4_096


@dataclass(frozen=True)
class Made:
    """What a command asked for is on disk, at `paths` below the run's folder; not yet in the results repo."""

    command: Command
    paths: tuple[str, ...]
    detail: str = ""
    step: int | None = None
    """That of the checkpoint, where a save made one."""


class Commands:
    """Takes commands, passes on what is the trainer's, and says `done` only when it took effect."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._seen: set[str] = set()
        self._saves: list[Command] = []
        self._stops: list[Command] = []
        self._samples: list[Command] = []
        self._made: list[Made] = []
        self.supervisor: Supervisor | None = None
        self.uploads: Uploads | None = None

    async def watch_spool(self) -> None:
        """Look at the spool folder for ever."""
        while True:
            await self.take_spooled()
            await self._run.clock.sleep(self._run.ports.timing.spool_seconds)

    async def watch_numbered(self) -> None:
        """Look for the next numbered file for ever: the way that works where exec is refused."""
        while True:
            await self._run.clock.sleep(self._run.ports.timing.numbered_commands_seconds)
            await self.take_numbered()

    async def take_spooled(self) -> None:
        for path in sorted(self._run.folder.commands.glob("*.json")):
            try:
                content = path.read_bytes()[:_MAX_COMMAND_BYTES]
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
            await self._take(content[:_MAX_COMMAND_BYTES], f"{number:04d}", is_numbered=True)

    async def _take(self, content: bytes, name: str, *, is_numbered: bool = False) -> None:
        try:
            command = Command.model_validate_json(content)
        except ValidationError:
            self._run.events.emit(
                RunWarning(
                    code="bad_command",
                    message=f"The command {Path(name).name!r} cannot be read; it was left out.",
                    hint="Commands are stop, save, sample and abort.",
                )
            )
            return
        if command.id in self._seen or command.id in _AGENT_IDS:
            return  # the same command may come both ways
        self._seen.add(command.id)
        if not_for_us := self._not_for_us(command, is_numbered=is_numbered):
            self._say(command, "refused", not_for_us)
            return
        self._say(command, "received")
        await self._carry_out(command)

    def _not_for_us(self, command: Command, *, is_numbered: bool) -> str:
        """Why the command is not this attempt's, or "". One that does not say whose it is counts as ours, unless it
        may have been left for an earlier attempt: as a file that this one found there when it began."""
        if command.nonce:
            is_ours = command.nonce == self._run.document.attempt.nonce
            return "" if is_ours else "it was for another attempt of this run, not for this one"
        document = self._run.document
        has_earlier = document.resume or document.attempt.number > 1
        if is_numbered and has_earlier and not self._run.attempt_file.state.has_read_old_commands:
            return "it was there before this attempt began, and does not say which one it is for"
        return ""

    async def _carry_out(self, command: Command) -> None:
        match command.command:
            case CommandName.ABORT:
                self._say(command, "done", "the pod is released now")
                self._run.end(Ending(EndReason.ABORTED, "Aborted on request."))
            case CommandName.STOP:
                self._stop(command)
            case CommandName.SAVE | CommandName.SAMPLE:
                await self._pass_on(command)

    def _stop(self, command: Command) -> None:
        if self._run.ending is not None or self._run.progress.phase not in _STOPPABLE:
            self._say(command, "done", "the run is ending already")
            return
        self._stops.append(command)
        self._run.end(Ending(EndReason.STOPPED, "Stopped on request."))

    async def _pass_on(self, command: Command) -> None:
        supervisor = self.supervisor
        is_training = self._run.progress.phase is Phase.TRAIN and self._run.ending is None
        if supervisor is None or not supervisor.takes_commands or not is_training:
            self._say(command, "refused", "no training that takes commands is under way")
            return
        waiting = self._saves if command.command is CommandName.SAVE else self._samples
        waiting.append(command)
        await supervisor.send(command)

    def receipt(self, receipt: CommandReceipt) -> bool:
        """The trainer's word on a command. True when it may go out as it is."""
        if receipt.id in _AGENT_IDS:
            return False
        for waiting in (self._saves, self._samples):
            for command in waiting:
                if command.id == receipt.id:
                    return self._answered(command, receipt)
        return False

    def _answered(self, command: Command, receipt: CommandReceipt) -> bool:
        is_save = command.command is CommandName.SAVE
        (self._saves if is_save else self._samples).remove(command)
        if receipt.state != "done":
            return True
        # On disk is not yet kept, nor to be heard: both are done when the results repo has the file.
        uploads = self.uploads
        self._made.append(self._made_by(command, receipt.detail))
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

    def _made_by(self, command: Command, detail: str = "") -> Made:
        progress, uploads = self._run.progress, self.uploads
        if command.command is not CommandName.SAVE:
            paths = (progress.sample_path,) if progress.sample_path else ()
            return Made(command, paths, detail)
        if progress.checkpoint is not None:
            return Made(command, progress.checkpoint.paths, detail, progress.checkpoint.step)
        # A recipe without checkpoints has put files where they are collected.
        return Made(command, uploads.pending_paths() if uploads is not None else (), detail)

    def _newest(self, made: Made) -> Made:
        """A checkpoint that was dropped before it was uploaded never comes; the one after it holds more."""
        out = self._run.folder.out
        if made.step is None or all((out / path).is_file() for path in made.paths):
            return made
        return self._made_by(made.command, made.detail)

    def _is_in_repo(self, made: Made) -> bool:
        return self.uploads is None or all(map(self.uploads.has, made.paths))

    def _say_made(self, made: Made) -> None:
        if made.command.command is not CommandName.SAVE:
            detail = made.detail or "".join(made.paths)
        elif made.step is not None:
            detail = f"step {made.step} is in the results repo"
        else:
            detail = f"in the results repo: {made.detail or 'all there was'}"
        self._say(made.command, "done", detail)

    def work_is_over(self) -> None:
        """Training has ended: what waited for it is done, or will not come any more."""
        stops, self._stops = self._stops, []
        for command in stops:
            self._say(command, "done", f"stopped at step {self._run.progress.step}")
        samples, self._samples = self._samples, []
        for command in samples:
            self._say(command, "refused", "training ended before it was said")

    def delivery_is_over(self, *, is_delivered: bool) -> None:
        made, self._made = self._made, []
        # A save that the trainer never answered is done too, when its last checkpoint was delivered.
        saves, self._saves = self._saves, []
        for one in (*map(self._newest, made), *map(self._made_by, saves)):
            # Without a path the whole delivery has to speak for it.
            if self._is_in_repo(one) if one.paths else is_delivered:
                self._say_made(one)
            else:
                self._say(one.command, "refused", "the results repo did not take it")

    def _say(self, command: Command, state: ReceiptState, detail: str = "") -> None:
        self._run.events.emit(
            CommandReceipt(id=command.id, command=command.command.value, state=state, detail=detail)
        )


_STOPPABLE = (Phase.BOOT, Phase.FETCH, Phase.PREPARE, Phase.TRAIN)
