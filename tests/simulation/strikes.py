"""What befalls cloud, Hub, pods, computers and people in a schedule, each at its time."""

from __future__ import annotations

import asyncio
import errno
import hashlib
from typing import TYPE_CHECKING, Any

from tests.simulation.cluster_place import RentedCluster
from tests.simulation.disks import WRITEBACK_SECONDS, PowerLoss
from tests.simulation.homes import Laptop
from tests.simulation.jobs_place import Rented
from tests.simulation.schedule import LAME, OTHER_RUN_ID, RUN_ID, Strike
from tests.simulation.trainer import Machine
from tests.simulation.world import PodContainer, World

if TYPE_CHECKING:
    from tests.simulation.play import Player

HOST_SECONDS = 600.0
"""For a machine of one's own to be started again after it has failed."""


class Strikes:
    """Carries out the strikes of one play."""

    def __init__(self, player: Player) -> None:
        self._player = player

    @property
    def _world(self) -> World:
        return self._player.world

    async def strike(self, strike: Strike) -> None:
        is_power = strike.name.endswith("loses-power")
        await asyncio.sleep(max(0.0, strike.at - WRITEBACK_SECONDS) if is_power else strike.at)
        await {
            "cloud": self._in_cloud,
            "jobs": self._in_jobs,
            "own": self._on_own_machine,
            "hub": self._in_hub,
            "pod": self._in_pod,
            "laptop": self._on_laptop,
            "person": self._by_person,
        }[strike.kind](strike)

    async def _in_cloud(self, strike: Strike) -> None:
        faults = self._world.cloud.faults
        faults.switch_on(strike.name, strike.times, **strike.options)
        if strike.times is None:
            await asyncio.sleep(strike.seconds)
            faults.switch_off(strike.name)

    async def _in_jobs(self, strike: Strike) -> None:
        jobs = self._world.jobs
        assert jobs is not None, "the runs of this schedule go elsewhere"
        await jobs.strike(strike.name, strike.seconds, strike.options)

    async def _on_own_machine(self, strike: Strike) -> None:
        own = self._world.own
        assert own is not None, "the runs of this schedule go elsewhere"
        if strike.name == "out-of-memory":
            self._note_struck_there()
        if strike.name in ("machine-reboots", "machine-off") and own.kind == "local":
            self._end_commands_here()
        await own.strike(strike.name, strike.seconds, strike.options)

    def _note_struck_there(self) -> None:
        for pod in self._world.our_pods():
            if pod.is_live:
                self._player.judge.money.of(pod).is_struck = True

    def _end_commands_here(self) -> None:
        for command, _ in self._player.commands:
            if command.parent is self._player.laptops["home"]:
                command.die()

    async def _in_hub(self, strike: Strike) -> None:
        if strike.name == "content-spoilt":
            self._world.hub_wire.spoilt_commits += 2
        elif strike.name == "repo-deleted":
            self._world.delete_repo()
        else:
            self._world.core.faults.switch_on(strike.name)

    # --- pods

    async def _in_pod(self, strike: Strike) -> None:
        if strike.name == LAME:
            self._world.lame_pods += strike.times or 1
            return
        rented = next((pod for pod in self._world.our_pods() if pod.is_live), None)
        if rented is None:
            return
        pod = rented.nodes[strike.options["rank"]] if isinstance(rented, RentedCluster) else rented
        machine = self._world.machine(pod.id)
        container = self._world.container(pod)
        match strike.name:
            case "host-dies":
                await self._kill_host(pod)
            case "host-loses-power":
                await self._cut_power(pod, machine, strike)
            case "pod-clock-jumps":
                self._jump(strike.options["jump"], is_here=False)
                self._world.pod_clock(pod.id)
            case "trainer-killed" if machine.stages:
                last = machine.stages[-1]
                machine.was_export_killed |= last.spec.argv[-1] == "export" and not last.is_over
                last.kill()
            case "trainer-hangs" | "gpu-idle" | "disk-full":
                await self._for_a_while(machine, strike)
            case _ if container is not None:
                self._in_container(strike.name, rented, container)

    def _jump(self, seconds: float, *, is_here: bool) -> None:
        """Of the clock of the person's computer, or of the pods'; a run on this computer has both from one."""
        own = self._world.own
        is_one = own is not None and own.kind == "local"
        if is_here or is_one:
            self._player.homes["home"].clock.skew_seconds += seconds
        if not is_here or is_one:
            self._world.pod_skew_seconds += seconds

    async def _kill_host(self, pod: Rented) -> None:
        if self._world.own is not None:
            await self._on_own_machine(Strike(0.0, "own", "machine-off", HOST_SECONDS))
        else:
            self._world.kill_host(pod)

    async def _for_a_while(self, machine: Machine, strike: Strike) -> None:
        name, value, usual = {
            "trainer-hangs": ("is_hung", True, False),
            "gpu-idle": ("gpu_percent", 0.0, 90.0),
            "disk-full": ("is_full", True, False),
        }[strike.name]
        setattr(machine, name, value)
        machine.was_full |= machine.is_full
        await asyncio.sleep(strike.seconds)
        setattr(machine, name, usual)

    def _in_container(self, name: str, pod: Rented, container: PodContainer) -> None:
        if name == "container-killed":
            self._note_if_it_ends(pod)
            container.kill()
            return
        self._player.judge.money.of(pod).is_struck = True
        if name in ("guard-killed", "guard-and-agent-killed") and container.guard is not None:
            container.guard.die()
        if name in ("agent-killed-alone", "guard-and-agent-killed"):
            container.agent.die()
        if name == "guard-and-agent-killed":
            container.kill()  # the init of the container has nothing left to look after
        if name == "agent-hangs":
            container.agent.sleep()

    def _note_if_it_ends(self, pod: Rented) -> None:
        """Nobody starts a job again, nor a run on a machine of one's own."""
        if self._world.jobs is not None or self._world.own is not None:
            self._player.judge.money.of(pod).is_struck = True

    async def _cut_power(self, pod: Rented, machine: Machine, strike: Strike) -> None:
        power = PowerLoss(machine.folder)
        power.look()
        self._player.power.append(power)
        await asyncio.sleep(min(strike.at, WRITEBACK_SECONDS))
        container = self._world.container(pod)
        if container is None:
            return
        self._note_if_it_ends(pod)
        own = self._world.own
        if own is None:
            container.kill()
        else:
            own.go_down()
            if own.kind == "local":
                self._end_commands_here()
        power.strike()
        for kept in machine.disk.at(machine.now()):
            path = machine.folder / "out" / kept.below
            whole = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == kept.sha256
            if not whole:
                machine.disk.removed(kept.below)
        if own is not None:
            await asyncio.sleep(HOST_SECONDS)
            own.come_up()

    # --- the person's computer

    async def _on_laptop(self, strike: Strike) -> None:
        player = self._player
        laptop, home = player.laptops["home"], player.homes["home"]
        last, task = player.commands[-1]
        match strike.name:
            case "laptop-gone":
                player.is_gone = True
                laptop.die()
            case "laptop-sleeps":
                laptop.sleep()
                await asyncio.sleep(strike.seconds)
                laptop.wake()
            case "laptop-loses-power":
                await self._cut_power_here(strike)
            case "laptop-clock-jumps":
                self._jump(strike.options["jump"], is_here=True)
            case "disk-full-here":
                home.is_full = True
                await asyncio.sleep(strike.seconds)
                home.is_full = False
            case "launcher-killed":
                last.die()
            case "launcher-killed-in-a-call":
                number, when = strike.options["call"]
                last.dies_at_call = (last.calls + number, when)
            case name:
                await self._signal(name, last, task)

    async def _signal(self, name: str, last: Laptop, task: asyncio.Task[Any]) -> None:
        """What reaches a command from its terminal."""
        if name in ("hangup", "terminal-gone"):
            last.terminal = OSError(errno.EIO, "Input/output error")
        if name == "reader-gone":
            last.terminal = BrokenPipeError(errno.EPIPE, "Broken pipe")
        if name in ("ctrl-c", "ctrl-c-again", "hangup"):
            task.cancel()
        if name == "ctrl-c-again":
            await asyncio.sleep(5.0)
            task.cancel()

    async def _cut_power_here(self, strike: Strike) -> None:
        player = self._player
        power = PowerLoss(player.homes["home"].config.data_folder)
        power.look()
        player.power.append(power)
        await asyncio.sleep(min(strike.at, WRITEBACK_SECONDS))
        self._end_commands_here()
        power.strike()

    async def _by_person(self, strike: Strike) -> None:
        player = self._player
        match strike.name:
            case "second-deploy":
                player.deploy(RUN_ID)
            case "other-run":
                player.deploy(OTHER_RUN_ID)
            case "deploy-again":
                player.deploy(RUN_ID, resume=True)
            case "deploy-elsewhere":
                player.deploy(RUN_ID, at="elsewhere")
            case "reap":
                player.reap()
            case "reap-elsewhere":
                player.reap(at="elsewhere")
            case "watch":
                player.take_over()
            case "watch-elsewhere":
                player.take_over(at="elsewhere")
            case name:
                player.command(name)
