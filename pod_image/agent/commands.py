"""Commands into the pod: from the spool folder and from numbered files in the results repo; a receipt for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pod_image.agent.latch import Ending
from pod_image.agent.ports import HubTrouble
from pod_image.agent.run import Run
from pod_image.agent.supervisor import AGENT_SAVE_ID, AGENT_STOP_ID, Supervisor
from pod_image.agent.uploads import Uploads
from pod_image.contract.commands import Command, CommandName
from pod_image.contract.outcomes import EndReason, Phase

_AGENT_IDS = (AGENT_STOP_ID, AGENT_SAVE_ID)
_MAX_COMMAND_BYTES = 4_096


@dataclass(frozen=True)
class Made:
    """What a command asked for is on disk, at `path` below the run's folder; not yet in the results repo."""

    command: Command
    path: str | None
    detail: str


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
        run = self._run
        number = run.latch.latch.commands_taken + 1
        try:
            content = await run.ports.run_blocking(
                lambda: run.hub.read(run.results.control(number))
            )
        except HubTrouble:
            return  # the next look is in half a minute
        if content is None:
            return
        run.latch.note(commands_taken=number)
        await self._take(content[:_MAX_COMMAND_BYTES], f"{number:04d}")

    async def _take(self, content: bytes, name: str) -> None:
        try:
            command = Command.model_validate_json(content)
        except ValidationError:
            self._run.events.emit(
                "warning",
                code="bad_command",
                message=f"The command {Path(name).name!r} cannot be read; it was left out.",
                hint="Commands are stop, save, sample and abort.",
            )
            return
        if command.id in self._seen or command.id in _AGENT_IDS:
            return  # the same command may come both ways
        self._seen.add(command.id)
        self._say(command, "received")
        await self._carry_out(command)

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

    def receipt(self, fields: Mapping[str, Any]) -> bool:
        """The trainer's word on a command. True when it may go out as it is."""
        if fields.get("id") in _AGENT_IDS:
            return False
        for waiting in (self._saves, self._samples):
            for command in waiting:
                if command.id == fields.get("id"):
                    return self._answered(command, fields)
        return False

    def _answered(self, command: Command, fields: Mapping[str, Any]) -> bool:
        is_save = command.command is CommandName.SAVE
        (self._saves if is_save else self._samples).remove(command)
        if fields.get("state") != "done":
            return True
        # On disk is not yet kept, nor to be heard: both are done when the results repo has the file.
        progress, uploads = self._run.progress, self.uploads
        if is_save:
            path = progress.checkpoint.paths[0] if progress.checkpoint else None
        else:
            path = progress.sample_path
        self._made.append(Made(command, path, str(fields.get("detail") or "")))
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
        uploads = self.uploads
        made, self._made = self._made, []
        for one in made:
            if uploads is None or one.path is None or uploads.has(one.path):
                self._say_made(one)
            else:
                self._made.append(one)

    def _say_made(self, made: Made) -> None:
        if made.command.command is CommandName.SAVE:
            self._say(
                made.command, "done", f"step {self._run.progress.step} is in the results repo"
            )
        else:
            self._say(made.command, "done", made.detail or made.path or "")

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
        # A save that the trainer never answered is done too: its last checkpoint was delivered.
        saves, self._saves = self._saves, []
        for one in (*made, *(Made(command, None, "") for command in saves)):
            if is_delivered:
                self._say_made(one)
            else:
                self._say(one.command, "refused", "the results repo did not take it")

    def _say(self, command: Command, state: str, detail: str = "") -> None:
        self._run.events.emit(
            "command", id=command.id, command=command.command.value, state=state, detail=detail
        )


_STOPPABLE = (Phase.BOOT, Phase.FETCH, Phase.PREPARE, Phase.TRAIN)
