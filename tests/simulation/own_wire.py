"""The ways to a machine of one's own: a child process here, or ssh. Both clients of the launcher are the real ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from launcher.providers.ssh.wire import NO_CONNECTION
from pod_image.contract.own_machine import MARK
from pod_image.own_machine import __main__ as program
from tests.simulation.homes import Laptop
from tests.simulation.hub_wire import LATENCY_SECONDS
from tests.simulation.own_kernel import CALL
from tests.simulation.processes import PROCESS, Process, spawn

if TYPE_CHECKING:
    from tests.simulation.own_place import OwnPlace

CONNECT_SECONDS = 15.0
NOT_REACHED = "ssh: connect to host gpubox port 22: Connection timed out"
BROKEN = "client_loop: send disconnect: Broken pipe"


class Broken(Exception):
    """The way to the errand is gone; what ssh says of it."""


class CutOff(BaseException):
    """The errand is killed in the middle."""


@dataclass
class Call:
    """One errand on the machine, and what it has said so far."""

    place: OwnPlace
    verb: str
    given: bytes = field(repr=False)
    process: Process
    told: asyncio.Queue[str | Broken | None] = field(default_factory=asyncio.Queue)

    def says(self, line: str) -> None:
        self.told.put_nowait(line)

    async def run(self) -> None:
        """All of it, as the program there has it."""
        CALL.set(self)
        place = self.place
        try:
            if place.kind == "ssh" and self.verb == "put":
                place.has_program = True
                self.says(MARK + json.dumps({"ok": {}}))
            elif place.kind == "ssh" and not place.has_program:
                self.says(MARK + json.dumps({"needs": "program"}))
            else:
                await place.world.threads(program.main, [self.verb])
        except CutOff:
            self.told.put_nowait(Broken(BROKEN))
        self.told.put_nowait(None)


class SimulatedChild:
    """See `launcher.providers.local.client.Child`: a program here, or ssh, that asks the machine something."""

    def __init__(
        self, place: OwnPlace, command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self._place = place
        self._verb = command[-1].split()[-1].strip("'")
        shown = f"{' '.join(command)} {json.dumps(dict(environment))}"
        place.commands.add(shown)

    async def run(self, given: bytes, timeout_seconds: float) -> tuple[int, str, str]:
        said: list[str] = []
        async with asyncio.timeout(timeout_seconds), aclosing(self._talk(given)) as lines:
            try:
                said.extend([line async for line in lines])
                if self._place.loses_reply(self._verb):
                    raise Broken(BROKEN)
            except Broken as broken:
                return NO_CONNECTION, "", str(broken)
        return 0, "\n".join(said), ""

    async def lines(self, given: bytes, silence_seconds: float) -> AsyncGenerator[str, None]:
        async with aclosing(self._talk(given)) as lines:
            with suppress(Broken):
                async for line in lines:
                    yield line

    async def _talk(self, given: bytes) -> AsyncGenerator[str, None]:
        place, asker = self._place, PROCESS.get()
        assert isinstance(asker, Laptop)
        asker.is_calling("before")
        await asyncio.sleep(place.latency_seconds)
        if not place.is_reachable:
            await asyncio.sleep(CONNECT_SECONDS)
            raise Broken(NOT_REACHED)
        place.asked(asker, self._verb, given)
        call = Call(place, self._verb, given, Process(self._verb, place.process))
        errand = spawn(call.process, call.run())
        place.calls.append(call)
        try:
            while (told := await call.told.get()) is not None:
                if isinstance(told, Broken):
                    raise told
                yield told
            await asyncio.sleep(LATENCY_SECONDS)
            asker.is_calling("after")
        finally:
            place.calls.remove(call)
            # A child here is killed with whoever asks it; there, what nobody reads ends at its next line.
            if not errand.done() and (self._verb == "follow" or place.kind == "local"):
                place.on_loop(call.process.die)
