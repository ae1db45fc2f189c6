"""Plays one schedule: the launcher, the pods and every fault at its time; then the last look of another machine."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from contextvars import Context
from pathlib import Path
from typing import Any

from launcher.domain.run import Run, RunState
from launcher.errors import LauncherError
from launcher.services.common.workbench import Workbench
from launcher.services.ending.reap import reap
from launcher.services.ending.release import release
from launcher.services.following.find_run import find_run
from launcher.services.following.instructions import new_instruction, send
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from pod_image.contract.instructions import InstructionName
from tests.kit.virtual_time import now_seconds
from tests.simulation.cluster_place import RentedCluster, stay_with
from tests.simulation.disks import PowerLoss
from tests.simulation.homes import Home, Laptop
from tests.simulation.jobs_place import Rented
from tests.simulation.judge import Judge, Verdict
from tests.simulation.money import LOOK_SECONDS
from tests.simulation.patches import disks, drawn_ids, locks_of_processes, log_records, scaled
from tests.simulation.planted_bugs import PlantedBug, planted
from tests.simulation.processes import PROCESS, ProcessLoop, spawn
from tests.simulation.schedule import RUN_ID, Schedule, draw
from tests.simulation.strikes import Strikes
from tests.simulation.world import World, name_of

_MEMORY = Path("/dev/shm")


def play(
    schedule: Schedule | int,
    planted_bug: PlantedBug | None = None,
    look: Callable[[World], None] = lambda world: None,
) -> Verdict:
    """Play a schedule, given or by its seed, and judge it. With a planted bug one promise is broken on purpose.
    `look` is shown the world once all is over."""
    schedule = draw(schedule) if isinstance(schedule, int) else schedule
    folder = _emptied(_MEMORY if _MEMORY.is_dir() else Path(tempfile.gettempdir()))
    loop = ProcessLoop()
    try:
        with ExitStack() as stack:
            dice = stack.enter_context(drawn_ids())
            stack.enter_context(locks_of_processes())
            stack.enter_context(scaled())
            records = stack.enter_context(log_records())
            if planted_bug is not None:
                stack.enter_context(planted(planted_bug))
            asyncio.set_event_loop(loop)
            player = Player(folder, schedule, dice)
            stack.enter_context(disks(player.is_on_full_disk, player.synced))
            try:
                verdict = loop.run_until_complete(player.play(records))
                look(player.world)
            finally:
                loop.run_until_complete(player.close())
                loop.end()
                player.leave()
                asyncio.set_event_loop(None)
            return verdict
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _emptied(parent: Path) -> Path:
    """Of the same name in each play of this process: a results folder is called by its path in what a run says."""
    folder = parent / f"simulation-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


class Player:
    """What the person does on their computers; `Strikes` does the rest."""

    def __init__(self, folder: Path, schedule: Schedule, dice: random.Random) -> None:
        self._folder, self._schedule, self._dice = folder, schedule, dice
        self._world: World | None = None
        self._judge: Judge | None = None
        self.homes: dict[str, Home] = {}
        self.laptops = {"home": Laptop("laptop"), "elsewhere": Laptop("other laptop")}
        self.commands: list[tuple[Laptop, asyncio.Task[Any]]] = []
        self.power: list[PowerLoss] = []
        self.is_gone = False

    @property
    def world(self) -> World:
        assert self._world is not None
        return self._world

    @property
    def judge(self) -> Judge:
        assert self._judge is not None
        return self._judge

    async def play(self, records: list[str]) -> Verdict:
        schedule = self._schedule
        self._world = World(
            self._folder,
            schedule.work,
            schedule.max_hours,
            schedule.max_cost_usd,
            schedule.upload_bytes_per_second,
            blurts_tokens=schedule.blurts_tokens,
            place=schedule.place,
            nodes=schedule.nodes,
            has_results_folder=schedule.has_results_folder,
        )
        # What the library does once per process was before: from here on all of it repeats.
        self._dice.seed(schedule.seed)
        self.homes = {name: self.world.home(name) for name in self.laptops}
        self._judge = Judge(self.world, schedule, records)
        if schedule.has_strangers:
            self.world.rent_strangers()
        watching = asyncio.ensure_future(self._look_on())
        striking = Strikes(self)
        strikes = [asyncio.ensure_future(striking.strike(each)) for each in schedule.strikes]
        await asyncio.sleep(0)  # what strikes at the very start is there before the person
        self.deploy(RUN_ID)
        await asyncio.sleep(schedule.horizon_seconds)
        for task in (*strikes, watching):
            task.cancel()
        # A strike that failed struck nothing, and a judge that failed saw nothing: neither may pass as a promise kept.
        for ended in await asyncio.gather(*strikes, watching, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        self.world.end_faults()
        await self._last_look()
        return self.judge.verdict()

    async def close(self) -> None:
        if self._world is not None:
            self._world.close()
            for history in self._world.histories:
                history.close()

    def leave(self) -> None:
        """Nothing runs any more: what stood in the system's place goes."""
        if self._world is not None and self._world.own is not None:
            self._world.own.close()

    def is_on_full_disk(self, path: Path) -> bool:
        """Only writes of the pods, and of the launcher into its own folders, ask."""
        machines = self._world.machines.values() if self._world is not None else ()
        if any(each.is_full and path.is_relative_to(each.folder) for each in machines):
            return True
        own = self._world.own if self._world is not None else None
        if own is not None and own.refuses(path):
            return True
        full = [home for home in self.homes.values() if home.is_full]
        return any(path.is_relative_to(home.config.data_folder) for home in full)

    def synced(self, descriptor: int) -> None:
        for power in self.power:
            power.synced(descriptor)

    async def _look_on(self) -> None:
        while True:
            self.judge.look(self._is_looked_after)
            await asyncio.sleep(LOOK_SECONDS)

    def _is_looked_after(self, pod: Rented, home: Home | None = None) -> bool:
        """Whether a launcher that knows the pod is launching or watching; with `home`, one of that computer."""
        owner = self.world.owner_of[pod.id]
        return any(
            (pod.id in laptop.knows or laptop is owner)
            and not laptop.is_still
            and not task.done()
            and home in (None, laptop.home)
            for laptop, task in self.commands
        )

    def _has_left(self, command: Laptop, pod: Rented) -> None:
        """It watched a cluster that its own computer ordered, and is over: so is the cluster, unless another there
        watches it."""
        command.knows.clear()
        owner = self.world.owner_of[pod.id]
        if command.home is owner.home and not any(
            other is not command and pod.id in other.knows and not other.is_dead
            for other, _ in self.commands
        ):
            self.judge.over(command, [pod], "whoever watched", is_wanted=True)

    async def _last_look(self) -> None:
        """All faults are over. The laptop reaps, if it is still there; then a machine with nothing but the key."""
        if not self.is_gone:
            laptop, home = self.laptops["home"], self.homes["home"]
            laptop.wake()
            home.clock.skew_seconds, home.is_full = 0.0, False
            await self._do("reap at the end", self._reap(home, is_sure=True), home)
        nowhere = self.world.home("nowhere")
        # Secrets of a run it does not know are left alone for an hour.
        await asyncio.sleep(3_700.0)
        await self._do("reap from nowhere", self._reap(nowhere, is_sure=True), nowhere)
        self.judge.look(self._is_looked_after)
        known = [] if self.is_gone else self.world.open_bench(self.homes["home"]).runs.runs()
        self.judge.at_the_end(known)

    # --- what a person does

    def deploy(self, run_id: str, *, resume: bool = False, at: str = "home") -> None:
        work = self._deploying(self.homes[at], run_id, resume)
        self.start(f"deploy {run_id}", work, at)

    def take_over(self, at: str = "home") -> None:
        self.start("watch", self._take_over(self.homes[at]), at)

    def reap(self, at: str = "home") -> None:
        self.start("reap", self._reap(self.homes[at]), at)

    def command(self, name: str) -> None:
        self.start(name, self._command(name))

    def start(self, name: str, work: Any, at: str = "home") -> None:
        laptop = self.laptops[at]
        if laptop.is_still:
            work.close()
            return
        command = Laptop(name, laptop, self.homes[at])
        task = spawn(command, self._told(name, work))
        # One that is killed before its first step has begun nothing.
        task.add_done_callback(lambda _: work.close(), context=Context())
        self.commands.append((command, task))

    async def _do(self, name: str, work: Any, home: Home) -> None:
        await spawn(Laptop(name, home=home), self._told(name, work))

    async def _told(self, name: str, work: Any) -> None:
        try:
            await work
        except LauncherError as exc:
            self.world.said_here.append(f"{name}: {type(exc).__name__}: {exc.message} {exc.hint}")

    async def _deploying(self, home: Home, run_id: str, resume: bool) -> None:
        bench = self.world.open_bench(home)
        with suppress(LauncherError):
            await reap(bench)
        plan = self.world.plan(run_id, resume=resume)
        command = _this_command()
        try:
            stays = not self._schedule.is_detached
            run = await launch(bench, plan, self.world.keys, self._tell, watches=stays)
        except BaseException:
            # Whatever ended it: what it rented is gone by now.
            self.judge.over(command, self._rented_by(command), "a launch that failed")
            raise
        self.judge.money.of(self.world.our_pod(run.pod_id)).is_launched = True
        if not self._schedule.is_detached:
            await self._watching(bench, run, is_starter=True)

    def _rented_by(self, command: Laptop) -> list[Rented]:
        owner_of = self.world.owner_of
        return [pod for pod in self.world.our_pods() if owner_of[pod.id] is command]

    async def _watching(self, bench: Workbench, run: Run, *, is_starter: bool = False) -> None:
        command = _this_command()
        pod = self.world.our_pod(run.pod_id)
        command.knows.add(pod.id)
        if isinstance(pod, RentedCluster):
            try:
                await stay_with(self.world, command, bench, run, is_starter=is_starter)
            except BaseException:
                self._has_left(command, pod)
                raise
            if pod.is_live:
                self._has_left(command, pod)  # it believes that all is over
            return
        async for seen in watch(bench, run):
            if command.terminal is not None:
                return  # nobody reads: the pod needs nobody
            self.world.said_here.append(repr(seen))

    async def _take_over(self, home: Home) -> None:
        """`launcher watch`: whoever started it may have died."""
        bench = self.world.open_bench(home)
        run = await find_run(bench, RUN_ID)
        if run.pod_id and run.state is not RunState.ENDED:
            await self._watching(bench, run)

    def _tell(self, told: Any) -> None:
        terminal = _this_command().terminal
        if terminal is not None:
            raise terminal
        self.world.said_here.append(repr(told))

    async def _reap(self, home: Home, *, is_sure: bool = False) -> None:
        began = now_seconds()
        report = await reap(self.world.open_bench(home))
        self.world.said_here.append(repr(report))
        if not report.skipped:
            self.judge.after_reap(home, began, is_sure=is_sure)

    async def _command(self, name: str) -> None:
        home = self.homes["home"]
        bench = self.world.open_bench(home)
        run = bench.runs.get(RUN_ID)
        if name != "abort":
            await send(bench, run, new_instruction(InstructionName(name)))
            return
        # By its name too: where the answer to its order was lost, this computer does not know its id yet.
        names = {run.pod_id, run.pod_name}
        pods = [pod for pod in self.world.our_pods() if names & {name_of(pod), pod.name}]
        try:
            await release(bench, run)
        finally:
            self.judge.over(_this_command(), pods, "an abort", is_wanted=True)


def _this_command() -> Laptop:
    process = PROCESS.get()
    assert isinstance(process, Laptop)
    return process
