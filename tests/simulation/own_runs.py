"""The processes of one run on a machine of one's own: the first one, which holds its GPU, the agent, the stages."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from launcher.emulator.runpod.runner import ContainerSpec
from pod_image.agent.ports import Line, Ports, ProcessSpec
from pod_image.own_machine import first
from pod_image.own_machine.run_place import RunPlace
from pod_image.process_table import Process as Entry
from tests.simulation.own_kernel import RUN, entry_of, started_at
from tests.simulation.processes import Process, spawn
from tests.simulation.schedule import HOUR
from tests.simulation.trainer import ScriptedStage
from tests.simulation.world import PodContainer, PodProcesses

if TYPE_CHECKING:
    from tests.simulation.own_place import OwnPlace

TERMINATED = 143
"""What an agent exits with that is told to end."""
START_SECONDS = 1.0


class OwnRun:
    """Begins as the real `begin` does: who its first process is stands in its folder before anything else."""

    def __init__(
        self,
        machine: OwnPlace,
        place: RunPlace,
        environment: Mapping[str, str],
        keys: Mapping[str, str],
        leases: Sequence[int],
    ) -> None:
        self.machine, self.place = machine, place
        self.order = place.order
        self.began = machine.true_now()
        self.first_pid, self.agent_pid, self.guard_pid = (machine.new_pid() for _ in range(3))
        self.first = Process("first", machine.process)
        self.container: OwnContainer | None = None
        self.signals: list[int] = []
        self.is_buried = False
        """The first process has seen its agent's end."""
        self.agent_code: int | None = None
        """Of one that was killed."""
        self._wake: Callable[[], None] | None = None
        for lock in leases:
            self.first.at_death.append(partial(os.close, os.dup(lock)))
        document = {
            "pid": self.first_pid,
            "started": started_at(self.began),
            "boot_id": machine.boot_id,
        }
        place.write("process", document)
        spec = ContainerSpec(place.pod_id, "", (), None, {**environment, **keys})
        self.cap_at = self._cap(machine.now())
        machine.on_loop(lambda: self._start(spec))

    def _cap(self, now_there: float) -> float:
        """When its time is over, by the clock that goes right: what its agent makes of what it is sent."""
        deadline = self.order["deadline"] or now_there
        hours = self.machine.world.max_hours
        return float(self.began + min(deadline - now_there, hours * HOUR))

    @property
    def gpus(self) -> set[str]:
        return set(self.order["environment"].get("CUDA_VISIBLE_DEVICES", "").split(","))

    def _start(self, spec: ContainerSpec) -> None:
        if self.first.is_dead:
            return
        spawn(self.first, self._live(spec))

    async def _live(self, spec: ContainerSpec) -> None:
        await asyncio.sleep(START_SECONDS)
        self.container = OwnContainer(self, spec)
        self.machine.world.containers[self.place.pod_id] = [self.container]
        RUN.set(self)
        await self.machine.world.threads(first.main, self.agent_pid, self.place)
        self.first.die()

    # --- what the kernel knows of it

    @property
    def is_alive(self) -> bool:
        """Any of it but a guard: that one ends by itself soon."""
        return not self.first.is_dead or self.is_agent_alive or bool(self.stages)

    @property
    def is_agent_alive(self) -> bool:
        container = self.container
        return container is not None and not container.agent.is_dead and not container.is_over

    @property
    def stages(self) -> list[ScriptedStage]:
        """Those that run."""
        if self.container is None:
            return []
        stages = self.container.machine.stages
        return [each for each in stages if not each.is_over and not each.process.is_dead]

    @property
    def agent_status(self) -> int | None:
        """As waitpid tells it; None while it lives, or before there is one."""
        if self.container is None or self.is_agent_alive:
            return None
        if self.container.agent.is_dead:
            return signal.SIGKILL if self.agent_code is None else self.agent_code << 8
        return (self.container.exit_code(0.0) or 0) << 8

    def entries(self) -> Iterator[Entry]:
        """As /proc shows them. What lost its parent is the system's."""
        session, is_led = self.first_pid, not self.first.is_dead
        if is_led:
            yield entry_of(self.first_pid, 1, session, self.began)
        if self.is_agent_alive:
            yield entry_of(self.agent_pid, session if is_led else 1, session, self.began)
        above = self.agent_pid if self.is_agent_alive else session if is_led else 1
        guard = self.container.guard if self.container is not None else None
        if guard is not None and not guard.is_dead:
            yield entry_of(self.guard_pid, above, self.guard_pid, self.began)
        for stage in self.stages:
            yield entry_of(stage.pid, above, stage.pid, self.began)

    def send(self, pid: int, number: int) -> None:
        """A signal to one of its processes, by number."""
        if pid == self.first_pid and number == signal.SIGKILL:
            self.first.die()
        elif pid == self.first_pid:
            self.signals.append(number)
            self.wake()
        elif pid == self.agent_pid and self.container is not None:
            self._send_agent(self.container.agent, number)
        elif pid == self.guard_pid and self.container is not None and self.container.guard:
            self.container.guard.die()
        for stage in self.stages:
            if stage.pid == pid and number in (signal.SIGTERM, signal.SIGKILL):
                stage.kill()

    def _send_agent(self, agent: Process, number: int) -> None:
        if number == signal.SIGKILL:
            agent.die()
        elif number == signal.SIGTERM and not agent.is_still:  # one that hangs does not hear it
            self.agent_code = TERMINATED
            agent.die()

    def waits_for_signal(self, seconds: float) -> None:
        """Blocks its first process."""
        threads = self.machine.world.threads
        self._wake = threads.waker()
        threads.sleep(seconds)
        self._wake = None

    def wake(self) -> None:
        """Something happened that its first process waits for."""
        if self._wake is not None:
            self._wake()

    def child_ended(self) -> None:
        self.signals.append(signal.SIGCHLD)
        self.wake()


class OwnContainer(PodContainer):
    """The agent of a run with what it starts. Nothing contains it: what ends it is its first process."""

    def __init__(self, run: OwnRun, spec: ContainerSpec) -> None:
        self.run = run
        super().__init__(run.machine.world, spec, self._logged)
        self.process.parent = run.machine.process
        run.machine.process.children.append(self.process)
        self.agent.at_death.append(lambda: run.machine.on_loop(run.child_ended))
        self._task.add_done_callback(lambda _: run.child_ended(), context=Context())

    @property
    def is_over(self) -> bool:
        """The agent has come to its own end."""
        return self._task.done()

    @property
    def can_release(self) -> bool:
        return not self.run.first.is_still or super().can_release

    def _ports(self, spec: ContainerSpec) -> Ports:
        return replace(super()._ports(spec), processes=OwnProcesses(self))

    def _logged(self, line: str) -> None:
        with suppress(OSError), self.run.place.log.open("a") as log:
            log.write(f"{line}\n")

    def kill(self) -> None:
        """SIGKILL of the agent: by its guard, or by the system that has no memory left."""
        self.agent.die()


class OwnProcesses(PodProcesses):
    """Each with a number of its own."""

    def __init__(self, container: OwnContainer) -> None:
        super().__init__(container)
        self._machine = container.run.machine
        self._run = container.run

    async def start(self, spec: ProcessSpec, on_event: Line, on_output: Line) -> ScriptedStage:
        stage = await super().start(spec, on_event, on_output)
        stage.pid = self._machine.new_pid()
        return stage

    def started(self, pid: int) -> str:
        return started_at(self._run.began)
