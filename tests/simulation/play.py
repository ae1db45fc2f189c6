"""Plays one schedule: the launcher, the pods and every fault at its time; then the last look of another machine."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from unittest.mock import patch

from filelock import FileLock

from launcher.config import Config
from launcher.domain.run import Run
from launcher.emulator.runpod.pods import Pod
from launcher.errors import LauncherError
from launcher.services import intents
from launcher.services.commands import new_command, send
from launcher.services.context import Workbench
from launcher.services.launch import launch
from launcher.services.reap import reap
from launcher.services.stop import stop
from launcher.services.watch import watch
from pod_image.agent import start as agent_start
from pod_image.agent.canary import check_disk
from pod_image.contract.commands import CommandName
from pod_image.contract.events import Arm
from tests.simulation.judge import Judge, Verdict
from tests.simulation.plants import Plant, planted
from tests.simulation.processes import PROCESS, ProcessLoop, spawn
from tests.simulation.schedule import LAME, Schedule, Strike, draw
from tests.simulation.world import Laptop, World

RUN_ID = "run-01"
OTHER_RUN_ID = "run-02"
LOOK_SECONDS = 10.0
_MEMORY = Path("/dev/shm")


def play(schedule: Schedule | int, plant: Plant | None = None) -> Verdict:
    """Play a schedule, given or by its seed, and judge it. With a plant one promise is broken on purpose."""
    schedule = draw(schedule) if isinstance(schedule, int) else schedule
    parent = _MEMORY if _MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="simulation-", dir=parent))
    loop = ProcessLoop()
    try:
        with ExitStack() as stack:
            dice = stack.enter_context(_drawn_ids())
            stack.enter_context(_locks_of_processes())
            records = stack.enter_context(_log_records())
            if plant is not None:
                stack.enter_context(planted(plant))
            asyncio.set_event_loop(loop)
            player = _Player(folder, schedule, dice)
            stack.enter_context(_full_disks(player))
            try:
                verdict = loop.run_until_complete(player.play(records))
            finally:
                loop.run_until_complete(player.close())
                loop.end()
                asyncio.set_event_loop(None)
            return verdict
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Player:
    def __init__(self, folder: Path, schedule: Schedule, dice: random.Random) -> None:
        self._folder, self._schedule, self._dice = folder, schedule, dice
        self._world: World | None = None
        self._laptop = Laptop("laptop")
        self._commands: list[tuple[Laptop, asyncio.Task[Any]]] = []
        self._is_gone = False

    @property
    def world(self) -> World:
        assert self._world is not None
        return self._world

    async def play(self, records: list[str]) -> Verdict:
        schedule = self._schedule
        self._world = World(
            self._folder, schedule.work, schedule.max_hours, blurts_tokens=schedule.blurts_tokens
        )
        # What the library does once per process was before: from here on all of it repeats.
        self._dice.seed(schedule.seed)
        judge = Judge(self.world, schedule, records)
        watching = asyncio.ensure_future(self._look_on(judge))
        strikes = [asyncio.ensure_future(self._strike(strike)) for strike in schedule.strikes]
        await asyncio.sleep(0)  # what strikes at the very start is there before the person
        self._deploy(RUN_ID)
        await asyncio.sleep(schedule.horizon_seconds)
        for task in (*strikes, watching):
            task.cancel()
        self.world.cloud.faults.switch_off()
        await self._last_look(judge)
        return judge.verdict()

    async def close(self) -> None:
        if self._world is not None:
            self._world.close()
            for history in self._world.histories:
                history.close()

    def is_on_full_disk(self, path: Path) -> bool:
        """Only writes of the pods ask: the others' disks have room."""
        machines = self._world.machines.values() if self._world is not None else ()
        return any(each.is_full and path.is_relative_to(each.folder) for each in machines)

    async def _look_on(self, judge: Judge) -> None:
        while True:
            judge.look(self._is_looked_after)
            await asyncio.sleep(LOOK_SECONDS)

    def _is_looked_after(self, pod: Pod) -> bool:
        """Whether a launcher is at work, launching or watching, that knows the pod."""
        return any(
            pod.id in laptop.knows and not laptop.is_still and not task.done()
            for laptop, task in self._commands
        )

    async def _last_look(self, judge: Judge) -> None:
        """All faults are over. The laptop reaps, if it is still there; then a machine with nothing but the key."""
        if not self._is_gone:
            self._laptop.wake()
            self.world.laptop_clock.skew_seconds = 0.0
            await self._do(self._reap(self.world.config), "reap at the end")
            judge.after_reap()
        elsewhere = Config(
            self._folder / "elsewhere" / "config",
            self._folder / "elsewhere" / "data",
            provider_url=self.world.config.provider_url,
            hub_url=self.world.config.hub_url,
        )
        elsewhere.make_folders()
        # Secrets of a run it does not know are left alone for an hour.
        await asyncio.sleep(3_700.0)
        await self._do(self._reap(elsewhere), "reap elsewhere")
        judge.at_the_end()

    # --- what a person does

    def _deploy(self, run_id: str, *, resume: bool = False) -> Laptop:
        return self._start(f"deploy {run_id}", self._deploying(run_id, resume))

    def _start(self, name: str, work: Any) -> Laptop:
        command = Laptop(name, self._laptop)
        task = spawn(command, self._told(name, work))
        self._commands.append((command, task))
        return command

    async def _do(self, work: Any, name: str) -> None:
        command = Laptop(name)
        await spawn(command, self._told(name, work))

    async def _told(self, name: str, work: Any) -> None:
        try:
            await work
        except LauncherError as exc:
            self.world.said_here.append(f"{name}: {type(exc).__name__}: {exc.message} {exc.hint}")

    async def _deploying(self, run_id: str, resume: bool) -> None:
        bench = self.world.open_bench()
        with suppress(LauncherError):
            await reap(bench)
        plan = self.world.plan(run_id, resume=resume)
        said = self.world.said_here
        run = await launch(bench, plan, self.world.keys, lambda told: said.append(repr(told)))
        if not self._schedule.is_detached:
            await self._watching(bench, run)

    async def _watching(self, bench: Workbench, run: Run) -> None:
        process = PROCESS.get()
        assert isinstance(process, Laptop)
        process.knows.add(run.pod_id)
        async for seen in watch(bench, run):
            self.world.said_here.append(repr(seen))

    async def _reap(self, config: Config) -> None:
        report = await reap(self.world.open_bench(config))
        self.world.said_here.append(repr(report))

    async def _command(self, name: str) -> None:
        bench = self.world.open_bench()
        run = bench.runs.get(RUN_ID)
        if name == "abort":
            await stop(bench, run, abort=True)
        else:
            await send(bench, run, new_command(CommandName(name)))

    # --- strikes

    async def _strike(self, strike: Strike) -> None:
        await asyncio.sleep(strike.at)
        await {
            "cloud": self._in_cloud,
            "hub": self._in_hub,
            "pod": self._in_pod,
            "laptop": self._on_laptop,
            "person": self._by_person,
        }[strike.kind](strike)

    async def _in_cloud(self, strike: Strike) -> None:
        faults = self.world.cloud.faults
        faults.switch_on(strike.name, strike.times, **strike.options)
        if strike.times is None:
            await asyncio.sleep(strike.seconds)
            faults.switch_off(strike.name)

    async def _in_hub(self, strike: Strike) -> None:
        self.world.core.faults.switch_on(strike.name)

    async def _in_pod(self, strike: Strike) -> None:
        if strike.name == LAME:
            self.world.lame_pods += strike.times or 1
            return
        pod = next((pod for pod in self.world.cloud.pods.values() if pod.is_live), None)
        if pod is None:
            return
        container = self.world.container(pod)
        machine = self.world.machine(pod.id)
        match strike.name:
            case "host-dies":
                self.world.cloud.kill_host(pod)
            case "container-killed" if container is not None:
                container.kill()
            case "agent-killed-alone" if container is not None:
                container.agent.die()
            case "agent-hangs" if container is not None:
                container.agent.sleep()
            case "trainer-killed" if machine.stages:
                machine.stages[-1].kill()
            case "pod-clock-jumps":
                self.world.pod_skew_seconds += strike.options["jump"]
                self.world.pod_clock(pod.id)
            case "trainer-hangs":
                machine.is_hung = True
                await asyncio.sleep(strike.seconds)
                machine.is_hung = False
            case "gpu-idle":
                machine.gpu_percent = 0.0
                await asyncio.sleep(strike.seconds)
                machine.gpu_percent = 90.0
            case "disk-full":
                machine.is_full = True
                await asyncio.sleep(strike.seconds)
                machine.is_full = False

    async def _on_laptop(self, strike: Strike) -> None:
        last, task = self._commands[-1]
        match strike.name:
            case "laptop-gone":
                self._is_gone = True
                self._laptop.die()
            case "laptop-sleeps":
                self._laptop.sleep()
                await asyncio.sleep(strike.seconds)
                self._laptop.wake()
            case "laptop-clock-jumps":
                self.world.laptop_clock.skew_seconds += strike.options["jump"]
            case "launcher-killed":
                last.die()
            case "launcher-killed-in-a-call":
                number, when = strike.options["call"]
                last.dies_at_call = (last.calls + number, when)
            case "ctrl-c":
                task.cancel()

    async def _by_person(self, strike: Strike) -> None:
        if self._laptop.is_still:
            return
        match strike.name:
            case "second-deploy":
                self._deploy(RUN_ID)
            case "other-run":
                self._deploy(OTHER_RUN_ID)
            case "deploy-again":
                self._deploy(RUN_ID, resume=True)
            case "reap":
                self._start("reap", self._reap(self.world.config))
            case name:
                self._start(name, self._command(name))


class _SomeMachine:
    """Figures of a machine that are always the same: the real one's would tell schedules apart."""

    def __init__(self, folder: Path) -> None: ...

    def read(self) -> dict[str, float]:
        return {"cpu_percent": 20.0, "memory_used_gb": 8.0, "disk_free_gb": 40.0}


def _some_disk(folder: Path, size_bytes: int) -> Arm:
    """A disk that is written in no time, so that its speed is the same in every play."""
    seconds = iter((0.0, 0.001))
    return check_disk(folder, 1 << 16, lambda: next(seconds))


@contextmanager
def _drawn_ids() -> Iterator[random.Random]:
    """Ids, nonces and jitter come from the seed, so that the whole repeats exactly."""
    dice = random.Random(0)
    with (
        patch("secrets.choice", dice.choice),
        patch("secrets.token_hex", lambda size=16: dice.randbytes(size).hex()),
        patch("random.uniform", dice.uniform),
        patch("pod_image.agent.watches.MachineReader", _SomeMachine),
        patch("pod_image.agent.canary.check_disk", _some_disk),
    ):
        yield dice


@contextmanager
def _locks_of_processes() -> Iterator[None]:
    """The kernel frees the locks of a process that dies; here all of them share one real process."""

    class OwnedLock(FileLock):
        def _acquire(self) -> None:
            super()._acquire()
            process = PROCESS.get()
            if process is not None and self.is_locked:
                process.at_death.append(lambda: self.release(force=True))

    def lock(folder: Path) -> IO[bytes]:
        held = agent_start.lock(folder)
        process = PROCESS.get()
        if process is not None:
            process.at_death.append(held.close)
        return held

    with (
        patch.object(intents, "FileLock", OwnedLock),
        patch("pod_image.agent.story.lock", lock),
    ):
        yield


@contextmanager
def _full_disks(player: _Player) -> Iterator[None]:
    """What the agent writes on a full disk fails as it does in a container."""
    plain_open, plain_mkdir = Path.open, os.mkdir

    def opened(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> IO[Any]:
        if mode[0] in "wax" and player.is_on_full_disk(path):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return plain_open(path, mode, *arguments, **options)

    def made(path: Any, *arguments: Any, **options: Any) -> None:
        if player.is_on_full_disk(Path(path)):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        plain_mkdir(path, *arguments, **options)

    with patch.object(Path, "open", opened), patch("os.mkdir", made):
        yield


@contextmanager
def _log_records() -> Iterator[list[str]]:
    """What the program writes into Python's log, where a secret must not be either."""
    records: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record.getMessage())

    handler, root = Keep(), logging.getLogger()
    last_resort, logging.lastResort = logging.lastResort, None
    root.addHandler(handler)
    try:
        yield records
    finally:
        root.removeHandler(handler)
        logging.lastResort = last_resort
