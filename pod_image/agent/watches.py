"""What looks at the run while it works: caps and idleness, the machine, a sign of life."""

from __future__ import annotations

from pod_image.agent.attempt_state import Ending
from pod_image.agent.disk_watch import DiskWatch
from pod_image.agent.machine import MachineReader, free_bytes_of, read_gpus
from pod_image.agent.run import Run
from pod_image.agent.supervisor import AGENT_SAVE_ID, Supervisor
from pod_image.agent.uploads import Uploads
from pod_image.agent.watchdog import (
    BUSY_PERCENT,
    LOOK_SHARE,
    sentence,
    verdict,
    wants_checkpoint,
)
from pod_image.contract.bodies import Heartbeat, MachineReading
from pod_image.contract.instructions import Instruction, InstructionName
from pod_image.contract.outcomes import Phase


class Watches:
    """Loops that never end by themselves; each is started again if it fails."""

    def __init__(self, run: Run, supervisor: Supervisor, uploads: Uploads) -> None:
        self._run = run
        self._uploads = uploads
        self._supervisor = supervisor
        self._has_saved = False
        self._machine = MachineReader(run.folder.root)
        self._disk = DiskWatch()

    async def watchdog(self) -> None:
        """End the run when it has to end; ask for a checkpoint before the caps."""
        while True:
            await self.watch_once()
            await self._run.clock.sleep(self._run.ports.timing.watch_seconds)

    async def watch_once(self) -> None:
        run, now = self._run, self._run.now()
        run.events.flush_due()
        if run.ending is not None:
            return
        reason = verdict(run.limits, run.progress, run.rules, now)
        if reason is not None:
            run.end(Ending(reason, sentence(reason, run.progress, run.rules, run.limits)))
        elif not self._has_saved and run.progress.phase is Phase.TRAIN:
            await self._save_before_the_caps(now)

    async def outlook(self) -> None:
        """Look how much is still to go, once a cap is near enough for it to matter."""
        run, timing = self._run, self._run.ports.timing
        while True:
            if run.limits.share_used(run.now()) >= LOOK_SHARE and run.ending is None:
                found = await run.ports.run_blocking(self._uploads.results.to_go_bytes)
                run.progress.to_go_bytes = found
            near = max(timing.watch_seconds, run.seconds_left / 20)
            await run.clock.sleep(min(timing.outlook_seconds, near))

    async def machine(self) -> None:
        while True:
            await self.read_machine()
            await self._run.clock.sleep(self._run.ports.timing.machine_seconds)

    async def read_machine(self) -> None:
        """One reading; a GPU that works is what the idle limit is counted from."""
        run = self._run
        gpus = await read_gpus(run.ports.processes)
        uses = [gpu.use_percent for gpu in gpus if gpu.use_percent is not None]
        is_busy = any(use >= BUSY_PERCENT for use in uses)
        if is_busy or (uses and run.progress.gpu_busy_at is None):
            run.progress.gpu_busy_at = run.now()
        if is_busy and self._supervisor.works_in_silence:
            run.progress.progress_at = run.now()
        if run.progress.phase is Phase.TRAIN:
            run.progress.pace.read(gpus)
        run.progress.gpu_idle.read(is_busy if uses else None, run.now())
        run.events.thinned(MachineReading(gpus=gpus, **self._machine.read()))
        await self._watch_disk()

    async def _watch_disk(self) -> None:
        """A disk that runs full ends most trainings: what is whole goes up before that."""
        run, free_bytes = self._run, free_bytes_of(self._run.folder.root)
        if free_bytes is None or run.ending is not None or run.progress.phase is not Phase.TRAIN:
            return
        warning = self._disk.read(free_bytes, run.now())
        if warning is not None:
            run.events.emit(warning)
            save = Instruction(id=AGENT_SAVE_ID, command=InstructionName.SAVE)
            await self._supervisor.send(save)

    async def heartbeat(self) -> None:
        run = self._run
        while True:
            await run.clock.sleep(run.ports.timing.heartbeat_seconds)
            if not run.attempt_file.state.is_over:
                run.events.emit(Heartbeat(phase=run.progress.phase, cost_usd=run.cost_usd))

    async def _save_before_the_caps(self, now: float) -> None:
        if not wants_checkpoint(self._run.limits, now):
            return
        self._has_saved = True
        await self._supervisor.send(Instruction(id=AGENT_SAVE_ID, command=InstructionName.SAVE))
