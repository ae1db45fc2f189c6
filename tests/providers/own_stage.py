"""A machine of one's own in virtual time: two GPUs, the real program that is asked there, and made-up processes."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from launcher.errors import ProviderUnavailable
from launcher.providers.local.provider import LocalProvider
from launcher.providers.own_machine import OwnMachine
from pod_image.contract.own_machine import Kind
from pod_image.own_machine.container import Container, wanted_image
from pod_image.own_machine.errands import Ground, answer, is_living, time_there
from pod_image.own_machine.gpus import Gpu, lease
from pod_image.own_machine.log_lines import new_lines, start_of_last
from pod_image.own_machine.refused import Refused
from pod_image.own_machine.run_place import RunPlace
from tests.kit.clocks import LoopClock
from tests.kit.virtual_time import VirtualLoop, now_seconds

GPUS = [Gpu("GPU-1", "NVIDIA RTX 4090", 24), Gpu("GPU-2", "NVIDIA RTX 4090", 24)]


class MadeUpMachine:
    """See `pod_image.own_machine.machine.Machine`. Each run says a line a second, for as long as it lives."""

    def __init__(self, gpus: Sequence[Gpu] = GPUS) -> None:
        self._gpus = list(gpus)
        self.since: dict[str, float] = {}
        self.said: dict[str, int] = {}
        self.keys: dict[str, Mapping[str, str]] = {}
        self.environments: dict[str, Mapping[str, str]] = {}
        self.skew_seconds = 0.0
        """How wrong its clock is."""
        self.start = "first start"
        self.absent: list[str] = []
        self.is_root = False
        self.unkillable: set[int] = set()
        self.has_exec = True
        self.engine = "podman"
        self._held: dict[str, list[int]] = {}
        self.words: Callable[[RunPlace, int], str] = lambda place, number: f"line {number}"

    def now(self) -> float:
        return now_seconds() + self.skew_seconds

    def uptime(self) -> float:
        return asyncio.get_running_loop().time()

    def boot_id(self) -> str:
        return self.start

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")

    def without_gpus(self) -> None:
        """It has a processor alone."""
        self._gpus = []

    def gpus(self) -> list[Gpu]:
        return self._gpus

    def facts(self, run_json: str) -> dict[str, Any]:
        return {
            "host": "made-up",
            "account_id": "me",
            "is_root": self.is_root,
            "memory_gb": 32,
            "absent": self.absent,
        }

    def container(self, run_json: str) -> Container | None:
        image = wanted_image(run_json)
        if image and not self.engine:
            raise Refused(Kind.UNFIT, "There is no engine here.", "Install Podman.")
        return Container(self.engine, image, "5.2", is_rootless=True) if image else None

    def begin(
        self,
        place: RunPlace,
        environment: Mapping[str, str],
        keys: Mapping[str, str],
        leases: Sequence[int],
    ) -> None:
        place.write("process", {"pid": 1, "started": "1", "boot_id": self.start})
        self.since[place.pod_id], self.said[place.pod_id] = now_seconds(), 0
        self._held[place.pod_id] = [os.dup(lock) for lock in leases]
        self.keys[place.pod_id], self.environments[place.pod_id] = keys, environment

    def is_alive(self, place: RunPlace) -> bool:
        return place.pod_id in self.since

    def end(self, place: RunPlace) -> set[int]:
        if not self.unkillable:
            self.die(place.pod_id)
        return self.unkillable

    def execute(
        self, place: RunPlace, environment: Mapping[str, str], argv: Sequence[str], seconds: float
    ) -> dict[str, Any]:
        if not self.has_exec:
            raise Refused(Kind.UNFIT, "Nothing can be run there.")
        return {"stdout": " ".join(argv), "stderr": "", "exit_code": 0}

    def restart(self) -> None:
        """As a power cut and a new start do."""
        self.start = "second start"
        for pod_id in [*self.since]:
            self.die(pod_id)

    def die(self, pod_id: str) -> None:
        """The kernel takes back what it had."""
        self.since.pop(pod_id, None)
        for lock in self._held.pop(pod_id, ()):
            os.close(lock)

    def lose_locks(self, pod_id: str) -> None:
        """As with a first process that the system killed, while what it had started lives."""
        for lock in self._held.pop(pod_id, ()):
            os.close(lock)

    def talk(self, place: RunPlace) -> None:
        """What the run would have said by now."""
        if place.pod_id not in self.since:
            return
        with place.log.open("a") as log:
            while self.since[place.pod_id] + self.said[place.pod_id] <= now_seconds():
                log.write(f"{self.words(place, self.said[place.pod_id])}\n")
                self.said[place.pod_id] += 1


class InProcess:
    """See `launcher.providers.own_machine.Machine`: the program there, without a process of its own."""

    def __init__(self, ground: Ground, machine: MadeUpMachine) -> None:
        self.ground, self.machine = ground, machine
        self.calls = 0
        self.is_silent = False
        self.loses_next = False
        self.silent_after_start_seconds = 0.0
        """After a start whose answer was lost."""
        self._silent_until = 0.0

    def command(self, verb: str) -> tuple[str, ...]:
        return ("python", "-P", "-m", "pod_image.own_machine", verb)

    async def ask(
        self, verb: str, asked: Mapping[str, Any], timeout_seconds: float = 60.0
    ) -> Mapping[str, Any]:
        self._reach()
        over_a_pipe = json.loads(json.dumps(asked))
        try:
            done = answer(self.ground, verb, over_a_pipe)
            said: Mapping[str, Any] = {"ok": done, "now": time_there(self.ground)}
        except Refused as refused:
            words = {
                "kind": refused.kind,
                "message": str(refused.message),
                "hint": str(refused.hint),
            }
            said = {"refused": words}
        if verb == "start" and self.loses_next:
            self.loses_next = False
            self._silent_until = now_seconds() + self.silent_after_start_seconds
            raise ProviderUnavailable("The connection broke off.")
        return dict(json.loads(json.dumps(said)))

    async def follow(self, asked: Mapping[str, Any]) -> AsyncGenerator[Mapping[str, Any], None]:
        self._reach()
        place = RunPlace.of(self.ground.runs, str(asked["pod_id"]))
        after = str(asked["after"])
        at = int(after) if after else start_of_last(place.log, int(asked["tail"]))
        while True:
            self.machine.talk(place)
            is_over = not is_living(self.ground, place)
            for line in new_lines(place.log, at, is_over=is_over):
                at = line.end
                yield {"end": line.end, "text": line.text}
            if is_over:
                yield {"over": True}
                return
            await asyncio.sleep(0.5)

    def _reach(self) -> None:
        self.calls += 1
        if self.is_silent or now_seconds() < self._silent_until:
            raise ProviderUnavailable("Nobody answers.")


class OwnStage:
    """`provider_of` makes a place of the machine."""

    def __init__(
        self,
        folder: Path,
        provider_of: Callable[[InProcess], OwnMachine] = lambda machine: LocalProvider(
            machine=machine, clock=LoopClock()
        ),
    ) -> None:
        assert isinstance(asyncio.get_running_loop(), VirtualLoop)
        self.machine = MadeUpMachine()
        self.ground = Ground(folder / "runs", folder / "leases", self.machine)
        self.way = InProcess(self.ground, self.machine)
        self.provider = provider_of(self.way)

    @property
    def paid(self) -> int:
        """Nothing costs money here: how many runs there are."""
        return len(self.machine.since)

    @property
    def asked(self) -> int:
        return self.way.calls

    def with_bad_key(self) -> None:
        return None

    def lose_the_next_answer(self) -> None:
        self.way.loses_next = True

    def sell_out(self) -> None:
        self._held = lease(self.ground.leases, GPUS, len(GPUS))

    def silence(self) -> None:
        self.way.is_silent = True

    def remove(self, pod_id: str) -> None:
        self.machine.die(pod_id)

    def take_away_exec(self) -> None:
        self.machine.has_exec = False

    def take_away_secrets(self) -> None:
        raise AssertionError("they go with the start")
