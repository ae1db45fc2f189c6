"""A machine of one's own as the place of a simulated run: one GPU, its starts, its folders, and what befalls it.

Driven are the launcher's own clients and all of `pod_image.own_machine`, above a kernel and an ssh that are made up.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from launcher.clock import Clock
from launcher.providers.base import Provider
from launcher.providers.local.provider import LocalProvider
from launcher.providers.ssh.provider import NoHost, SshProvider
from pod_image.contract.own_machine import Kind
from pod_image.contract.results_address import folder_in
from pod_image.control import main as control
from pod_image.folder_store.folder import OwnFolder
from pod_image.folder_store.port import Folder
from pod_image.folder_store.trouble import FolderFault, FolderTrouble
from pod_image.own_machine.errands import Ground
from pod_image.own_machine.gpus import Gpu
from pod_image.own_machine.machine import ThisMachine
from pod_image.own_machine.refused import Refused
from pod_image.own_machine.run_place import RunPlace
from pod_image.process_table import Process as Entry
from tests.kit.clouds import GPU
from tests.kit.pod_programs import said_to_control
from tests.kit.virtual_time import START
from tests.simulation.hub_wire import LATENCY_SECONDS
from tests.simulation.own_kernel import on_this_kernel
from tests.simulation.own_rented import RentedRun
from tests.simulation.own_runs import OwnRun
from tests.simulation.own_wire import Broken, Call, CutOff, SimulatedChild
from tests.simulation.processes import Process

if TYPE_CHECKING:
    from tests.simulation.homes import Laptop
    from tests.simulation.world import World

HOST = "gpubox"
KINDS = ("ssh", "local")
GPUS = [Gpu("GPU-0a1b2c3d", GPU, 24)]
SLOW_SECONDS = 8.0
ONCE = {"start-reply-lost", "start-cut-off", "machine-reboots", "out-of-memory", "program-gone"}
LASTING = {"connection-lost", "machine-off", "answers-slow", "replies-lost", "results-unwritable"}


class OwnPlace:
    """Its folder outlives its starts."""

    def __init__(self, world: World, kind: str, folder: Path) -> None:
        self.world, self.kind = world, kind
        self.results = folder / "results"
        self.boots = 0
        self.process = Process("machine")
        self.is_on = True
        self.has_program = False
        self.on: list[str] = []
        self.runs: list[OwnRun] = []
        self.calls: list[Call] = []
        """Errands that somebody waits for."""
        self.commands: set[str] = set()
        """What was started on the person's computer, with its environment, as every user there may see it."""
        self.replies_to_lose = self.starts_to_cut = 0
        self._unwritable: list[tuple[float, float]] = []
        self._numbers = itertools.count(1_000)
        self.ground = Ground(folder / "runs", folder / "leases", SimulatedMachine(self))
        self._stack = ExitStack()
        self._stack.enter_context(on_this_kernel(self))
        for client in ("local", "ssh"):
            child = partial(SimulatedChild, self)
            self._stack.enter_context(patch(f"launcher.providers.{client}.client.Child", child))

    def close(self) -> None:
        self._stack.close()

    # --- for the launcher

    @property
    def name(self) -> str:
        """As the launcher calls the place."""
        return f"ssh:{HOST}" if self.kind == "ssh" else self.kind

    def providers(self, clock: Clock) -> dict[str, Provider]:
        """As one computer has them."""
        if self.kind == "local":
            return {"local": LocalProvider(clock=clock)}
        return {"ssh": cast(Provider, NoHost()), self.name: SshProvider(HOST, clock=clock)}

    def where_to(self, repo: str) -> dict[str, str]:
        """The settings that name the machine, and where results go: a folder of it where there is no repo."""
        host = {"host": HOST} if self.kind == "ssh" else {}
        return {
            **host,
            **({"results_repo": repo} if repo else {"results_folder": str(self.results)}),
        }

    def rented(self) -> list[RentedRun]:
        """Every run that began here, whatever became of it."""
        return [RentedRun(run) for run in self.runs]

    def run_of(self, pod_id: str) -> OwnRun:
        return next(run for run in self.runs if run.place.pod_id == pod_id)

    def folder_of(self, pod_id: str) -> Path:
        """Where the agent of that run works."""
        return RunPlace.of(self.ground.runs, pod_id).disk / "run"

    def open_folder(self, address: str) -> Folder:
        found = folder_in(address)
        assert found is not None  # whoever opens one has looked
        if found.host and not self.is_reachable:
            raise FolderTrouble(FolderFault.UNUSABLE, f"{HOST} does not answer.")
        return OwnFolder(Path(found.path))

    # --- the wire

    @property
    def is_reachable(self) -> bool:
        return self.is_on and "connection-lost" not in self.on

    @property
    def latency_seconds(self) -> float:
        return SLOW_SECONDS if "answers-slow" in self.on else LATENCY_SECONDS

    def asked(self, asker: Laptop, verb: str, given: bytes) -> None:
        """An errand has come: whose a run is that it begins is known from here on."""
        if verb == "start":
            self.world.owner_of[json.loads(given)["pod_id"]] = asker

    def loses_reply(self, verb: str) -> bool:
        if verb == "start" and self.replies_to_lose > 0:
            self.replies_to_lose -= 1
            return True
        return "replies-lost" in self.on

    def _break_off(self) -> None:
        for call in self.calls:
            call.told.put_nowait(Broken("Connection to gpubox closed by remote host."))

    # --- the kernel

    def true_now(self) -> float:
        return START + self.world.loop.time()

    def now(self) -> float:
        """By its own clock."""
        return self.true_now() + self.world.pod_skew_seconds

    @property
    def boot_id(self) -> str:
        return f"start {self.boots}"

    def new_pid(self) -> int:
        return next(self._numbers)

    def entries(self) -> list[Entry]:
        return [entry for run in self.runs for entry in run.entries()]

    def entry(self, pid: int) -> Entry | None:
        return next((each for each in self.entries() if each.pid == pid), None)

    def send(self, pid: int, number: int) -> None:
        """A signal, also from a thread."""
        for run in self.runs:
            self.on_loop(partial(run.send, pid, number))

    def on_loop(self, step: Callable[[], Any]) -> None:
        # In nobody's context: who asked for it may be dead by then.
        self.world.loop.call_soon(step, context=Context())

    # --- what goes wrong

    def faults_on(self) -> set[str]:
        """Names of what keeps the launcher from the machine, as it is now."""
        names = set(self.on)
        return names if self.is_on else {*names, "machine-off"}

    async def strike(self, name: str, seconds: float, options: Mapping[str, Any]) -> None:
        """Let that go wrong, for as long as it lasts where it is nothing that happens once."""
        match name:
            case "start-reply-lost":
                self.replies_to_lose += 1
            case "start-cut-off":
                self.starts_to_cut += 1
            case "machine-reboots":
                await self.restart(60.0)
            case "machine-off":
                await self.restart(seconds)
            case "out-of-memory":
                self.lose_memory(str(options["who"]))
            case "program-gone":
                self.has_program = False
            case _ if name in LASTING:
                await self._for_a_while(name, seconds)
            case _:
                raise ValueError(f"{name} is no fault of a machine of one's own")

    async def _for_a_while(self, name: str, seconds: float) -> None:
        self.on.append(name)
        if name == "connection-lost":
            self._break_off()
        if name == "results-unwritable":
            self._unwritable.append((self.true_now(), self.true_now() + seconds))
        await asyncio.sleep(seconds)
        if name in self.on:
            self.on.remove(name)

    def go_down(self) -> list[OwnRun]:
        """Nothing that runs there runs on; what lived."""
        lived = [run for run in self.runs if run.is_alive]
        self.is_on = False
        self.process.die()
        self._break_off()
        self.world.dead_hosts.update(run.place.pod_id for run in lived)
        return lived

    async def restart(self, seconds: float) -> None:
        if self.is_on:
            self.go_down()
            await asyncio.sleep(seconds)
            self.come_up()

    def come_up(self) -> None:
        if not self.is_on:
            self.boots += 1
            self.process = Process("machine")
            self.is_on = True

    def lose_memory(self, who: str) -> None:
        run = next((run for run in self.runs if run.is_alive), None)
        if run is None or run.container is None:
            return
        if who.startswith("first"):
            run.first.die()
        if who.endswith("agent"):
            run.container.agent.die()
        if who == "trainer" and run.stages:
            run.stages[-1].kill()

    def end_faults(self) -> None:
        self.come_up()
        self.on.clear()
        if self.kind == "local":
            self.world.pod_skew_seconds = 0.0  # the clock of that computer goes right again
        self.replies_to_lose = self.starts_to_cut = 0
        for each in self.world.machines.values():
            each.is_full = False

    def was_unwritable(self, since: float, until: float) -> bool:
        """Whether the results folder took nothing at some time of those."""
        return any(began < until and ended > since for began, ended in self._unwritable)

    def refuses(self, path: Path) -> bool:
        """Whether nothing can be written there now."""
        if "results-unwritable" in self.on and path.is_relative_to(self.results):
            return True
        is_full = any(each.is_full for each in self.world.machines.values())
        return is_full and path.is_relative_to(self.ground.runs)


@dataclass(frozen=True)
class SimulatedMachine(ThisMachine):
    """The real one but for what the kernel and the driver say, and for how a process begins."""

    simulated: OwnPlace

    def now(self) -> float:
        return self.simulated.now()

    def boot_id(self) -> str:
        return self.simulated.boot_id

    def gpus(self) -> list[Gpu]:
        return GPUS

    def facts(self, run_json: str) -> dict[str, Any]:
        return {"host": HOST, "account_id": "me", "memory_gb": 32, "absent": []}

    def begin(
        self,
        place: RunPlace,
        environment: Mapping[str, str],
        keys: Mapping[str, str],
        leases: Sequence[int],
    ) -> None:
        simulated = self.simulated
        if simulated.starts_to_cut > 0:
            simulated.starts_to_cut -= 1
            raise CutOff
        with place.log.open("ab"):
            pass
        try:
            run = OwnRun(simulated, place, environment, keys, leases)
        except OSError:
            raise Refused(Kind.UNFIT, "The run's first process did not start.") from None
        simulated.runs.append(run)

    def execute(
        self, place: RunPlace, environment: Mapping[str, str], argv: Sequence[str], seconds: float
    ) -> dict[str, Any]:
        said = said_to_control([*argv])
        if said is None:
            return {"stdout": "", "stderr": f"{argv[0]}: not found", "exit_code": 127}
        out = StringIO()
        with redirect_stdout(out):
            code = control(said, place.disk / "run")
        return {"stdout": out.getvalue(), "stderr": "", "exit_code": code}
