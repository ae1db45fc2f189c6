"""A person's own machine as a Provider: its runs are our pods. How the machine is asked is a `Machine`'s matter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from launcher.clock import Clock
from launcher.domain.account import Account
from launcher.domain.offer import Offer, Stock
from launcher.domain.planned_request import Planned, PlannedCommand
from launcher.domain.pod import NONCE_VARIABLE, POD_NAME_PREFIX, Pod, PodOrder
from launcher.errors import (
    InvalidRequest,
    PodGone,
    ProviderError,
    ProviderUnavailable,
    RentUnclear,
)
from launcher.providers.base import ExecResult, LogLine
from launcher.providers.held_secrets import HeldSecrets, parted
from launcher.providers.own_machine_answers import Answers, LookAnswer
from launcher.providers.place import Place
from launcher.providers.told_times import deadline_in
from pod_image.contract.bodies import MachineReading
from pod_image.contract.common_settings import Cloud
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import NextStep, Sentence, setting
from pod_image.contract.own_machine import PROCESSOR
from pod_image.contract.places import PLACES
from pod_image.contract.variables import RUN_VARIABLE

_T = TypeVar("_T")
_RELEASE_PATIENCE_SECONDS = 120.0
_LONGEST_PAUSE_SECONDS = 30.0
_FIND_PATIENCE_SECONDS = 60.0
_JUST_NOW_SECONDS = 2.0
_AGREES = timedelta(seconds=5)
"""Clocks that are no further apart are one: an answer takes its time to come."""


class NotReached(ProviderUnavailable):
    """The machine was not reached at all: whatever was asked was not done."""


class Machine(Protocol):
    """One machine, asked through `pod_image.own_machine` there. Every call may raise ProviderError."""

    calls: int

    def command(self, verb: str) -> tuple[str, ...]:
        """What asks it, as it is shown."""
        ...

    async def ask(
        self, verb: str, asked: Mapping[str, Any], timeout_seconds: float = 60.0
    ) -> Mapping[str, Any]:
        """The answer: `ok` or `refused`. Raises ProviderUnavailable where there is none."""
        ...

    def follow(self, asked: Mapping[str, Any]) -> AsyncGenerator[Mapping[str, Any], None]:
        """What it says of a log, until it stops. Raises ProviderUnavailable where it breaks off."""
        ...


class OwnMachine(HeldSecrets):
    """See `launcher.providers.base.Provider` for what each method promises.

    Keys go to the machine with the start of the run, over its standard input: until then they are held here.
    """

    _secret_of = "run"

    def __init__(
        self, place: Place, machine: Machine, clock: Clock, *, may_install: bool = False
    ) -> None:
        """`may_install`: what a run needs there and is absent may be put into an environment of its own."""
        super().__init__()
        self._place, self._machine, self._clock = place, machine, clock
        self._may_install = may_install
        self._read = Answers(place.title)
        self._variable = PLACES[place.kind].pod_id
        self._clock_ahead = timedelta(0)
        self._looked: tuple[float, LookAnswer] | None = None

    @property
    def place(self) -> Place:
        return self._place

    @property
    def is_in_use(self) -> bool:
        return True

    @property
    def pod_environment(self) -> Mapping[str, str]:
        return {}

    @property
    def calls(self) -> int:
        return self._machine.calls

    @property
    def clock_ahead(self) -> timedelta:
        return self._clock_ahead

    async def aclose(self) -> None:
        self._held.clear()

    async def offers(
        self,
        gpu_count: int,
        cloud: Cloud,
        data_centers: Sequence[str],
        min_cuda_version: str = "",
        nodes: int = 1,
    ) -> list[Offer]:
        """Each kind of GPU that the machine has enough of; without any GPU, its processor."""
        if data_centers or nodes > 1:
            return []
        found = self._just_looked() or await self._look("")
        if not found.gpus:
            return [self._offer(PROCESSOR, "no GPU", gpu_count, found.memory_gb, Stock.HIGH)]
        kinds = {(gpu.name, gpu.memory_gb) for gpu in found.gpus}
        return [
            self._offer(name, name, gpu_count, memory_gb, _stock(found, name, gpu_count))
            for name, memory_gb in sorted(kinds)
            if sum(gpu.name == name for gpu in found.gpus) >= gpu_count
        ]

    def _offer(
        self, gpu_type: str, name: str, gpu_count: int, memory_gb: int, stock: Stock
    ) -> Offer:
        return Offer(
            gpu_type=gpu_type,
            gpu_name=name,
            gpu_count=gpu_count,
            memory_gb=memory_gb,
            cloud=Cloud.SECURE,
            price_per_hour_usd=0.0,
            stock=stock,
            flavour=self._place.title,
        )

    async def notes(self, run_json: str) -> tuple[Finding, ...]:
        found = await self._look(run_json)
        return (
            _who_sees_what(self._place, found),
            _no_outside_end(self._place),
            *_on_absent(found.absent, may_install=self._may_install),
        )

    async def remains(self, pod_id: str) -> str:
        try:
            return str((await self._ask("remains", {"pod_id": pod_id})).get("remains") or "")
        except ProviderError:
            return ""

    def planned_requests(self, order: PodOrder, secrets: Mapping[str, str]) -> tuple[Planned, ...]:
        shown = [f"{name}={value}" for name, value in order.environment.items()]
        kept = [f"{name}: {text}" for name, text in secrets.items()]
        return (PlannedCommand((*self._machine.command("start"), order.name, *shown, *kept)),)

    async def rent(self, order: PodOrder) -> Pod:
        if not order.environment.get(NONCE_VARIABLE):
            raise InvalidRequest("A run without a nonce is not started.")
        if deadline_in(order.environment.get(RUN_VARIABLE, "")) is None:
            raise InvalidRequest("A run without a deadline is not started.")
        try:
            answer = await self._answered("start", self._order(order), timeout_seconds=120.0)
        except NotReached as exc:
            raise ProviderError(exc.message, hint=exc.hint) from exc
        except ProviderUnavailable as exc:
            raise RentUnclear(
                f"{self._place.title} gave no clear answer to the start of the run: {exc.message}",
                hint=exc.hint,
            ) from exc
        self._forget_those_of(order)
        return self._read.pod(self._read.done(answer))

    def _order(self, order: PodOrder) -> dict[str, Any]:
        told = parted(order, self._references())
        return {
            "pod_id": order.name.removeprefix(POD_NAME_PREFIX),
            "name": order.name,
            "nonce": order.environment[NONCE_VARIABLE],
            "run_json": order.environment.get(RUN_VARIABLE, ""),
            "gpu_type": order.gpu_type,
            "gpu_count": order.gpu_count,
            "environment": told.plain,
            "variable": self._variable,
            "may_install": self._may_install,
            "keys": told.secret,
        }

    async def find(self, name: str) -> Pod | None:
        """Asked again where the way there is broken, as it is just when the answer to a start was lost."""
        pods = await self._reached(self.pods, _FIND_PATIENCE_SECONDS)
        return next((pod for pod in pods if pod.name == name), None)

    async def pods(self) -> list[Pod]:
        return self._read.pods(await self._ask("list", {}))

    async def pod(self, pod_id: str) -> Pod:
        return self._read.pod(await self._ask("show", {"pod_id": pod_id}))

    async def release(self, pod_id: str) -> None:
        """Raises ProviderUnavailable where the run was not seen to end within the patience."""
        try:
            await self._reached(
                lambda: self._ask("end", {"pod_id": pod_id}), _RELEASE_PATIENCE_SECONDS
            )
        except PodGone:
            return
        except ProviderUnavailable as exc:
            raise ProviderUnavailable(
                f"Run {pod_id} on {self._place.title} could not be ended: {exc.message}",
                hint=Sentence(NextStep.LOOK_FOR_PODS, " tries again."),
            ) from exc

    async def _reached(self, ask: Callable[[], Awaitable[_T]], patience_seconds: float) -> _T:
        """Asked again where the way there is broken. Raises ProviderUnavailable once the patience is over."""
        loop = asyncio.get_running_loop()
        give_up_at, pause = loop.time() + patience_seconds, 1.0
        while True:
            try:
                return await ask()
            except ProviderUnavailable:
                if loop.time() >= give_up_at:
                    raise
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def log(
        self, pod_id: str, after: str = "", tail: int = 5000
    ) -> AsyncGenerator[LogLine, None]:
        cursor, pause = after, 1.0
        while True:
            try:
                asked = {"pod_id": pod_id, "after": cursor, "tail": tail}
                async with aclosing(self._machine.follow(asked)) as told:
                    async for each in told:
                        if "text" in each:
                            cursor, pause = str(each.get("end", cursor)), 1.0
                            yield LogLine(cursor, "container", str(each["text"]))
                        elif each.get("over"):
                            raise PodGone(f"Run {pod_id} has ended.")
                        elif "refused" in each:
                            self._read.done(each)
            except ProviderUnavailable:
                pass  # it is gone on with where it broke off
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def execute(
        self, pod_id: str, argv: Sequence[str], timeout_seconds: int = 20
    ) -> ExecResult:
        asked = {"pod_id": pod_id, "argv": list(argv), "seconds": timeout_seconds}
        answer = await self._ask("execute", asked, timeout_seconds=timeout_seconds + 30.0)
        code = answer.get("exit_code")
        return ExecResult(
            str(answer.get("stdout", "")),
            str(answer.get("stderr", "")),
            code if isinstance(code, int) else None,
            timed_out=bool(answer.get("timed_out")),
        )

    async def account(self) -> Account:
        try:
            return Account(account_id=(await self._look("")).account_id)
        except ProviderError:
            return Account()

    async def measured(self, pod_id: str) -> MachineReading | None:
        return None

    async def billed_usd(self, pod_id: str) -> float | None:
        return None

    async def _look(self, run_json: str) -> LookAnswer:
        found = self._read.look(await self._ask("look", {"run_json": run_json}))
        self._looked = (asyncio.get_running_loop().time(), found)
        return found

    def _just_looked(self) -> LookAnswer | None:
        """Who asks for the notes asks for the offers next: one look tells both."""
        if self._looked is None:
            return None
        at_seconds, found = self._looked
        is_new = asyncio.get_running_loop().time() - at_seconds < _JUST_NOW_SECONDS
        return found if is_new else None

    async def _ask(
        self, verb: str, asked: Mapping[str, Any], timeout_seconds: float = 60.0
    ) -> Mapping[str, Any]:
        return self._read.done(await self._answered(verb, asked, timeout_seconds))

    async def _answered(
        self, verb: str, asked: Mapping[str, Any], timeout_seconds: float
    ) -> Mapping[str, Any]:
        """Also a refusal."""
        self._looked = None  # a start or an end changes what is free
        answer = await self._machine.ask(verb, asked, timeout_seconds)
        self._hear_time(answer)
        return answer

    def _hear_time(self, answer: Mapping[str, Any]) -> None:
        told = answer.get("now")
        if isinstance(told, int | float):
            ahead = datetime.fromtimestamp(told, UTC) - self._clock.now()
            self._clock_ahead = ahead if abs(ahead) > _AGREES else timedelta(0)


def _stock(found: LookAnswer, name: str, gpu_count: int) -> Stock:
    free = sum(gpu.is_free for gpu in found.gpus if gpu.name == name)
    return Stock.HIGH if free >= gpu_count else Stock.NONE


def _who_sees_what(place: Place, found: LookAnswer) -> Finding:
    """What a run on such a machine can read there: all that is the person's, or what its container has of it."""
    container = found.container
    if container is None and found.is_root:
        return Finding(
            Severity.WARNING,
            "runs_as_root",
            f"You are root on {place.title}, and the run's command runs as root: it could read and change everything "
            "on that machine, whoever it belongs to.",
            Sentence(
                "No run needs root: use an ordinary user there, or run it in a container: ",
                setting("container", "on"),
                ".",
            ),
        )
    if container is None:
        return Finding(
            Severity.WARNING,
            "runs_as_you",
            f"The run's command runs as you on {place.title}: it can read your files there, and your keyring.",
            Sentence(
                "Start only what you trust, or run it in a container: ",
                setting("container", "on"),
                ". Or log in there as a user who has nothing else.",
            ),
        )
    if container.why_not:
        return Finding(
            Severity.ERROR,
            "no_container_engine",
            container.why_not,
            container.hint,
            setting="container",
        )
    engine = f"{container.engine.capitalize()} {container.version}"
    return Finding(
        Severity.NOTE,
        "in_container",
        f"The run is in a container of {engine} on {place.title}, from {container.image}. It sees its own "
        "folder, the dataset folder and the results folder, with all that is in them, and none of your other "
        "files. It shares the machine's network, so it can reach what listens there.",
    )


def _no_outside_end(place: Place) -> Finding:
    return Finding(
        Severity.NOTE,
        "own_machine",
        f"A run on {place.title} costs nothing, so the cost cap does not apply; the time cap does. Nobody "
        "else can end a machine that hangs: the run ends itself, and the launcher ends what is left the "
        "next time that it checks.",
    )


def _on_absent(absent: Sequence[str], *, may_install: bool) -> tuple[Finding, ...]:
    if not absent:
        return ()
    named = ", ".join(absent)
    if may_install:
        return (
            Finding(
                Severity.NOTE,
                "packages_installed",
                f"The machine does not have {named}: they are installed first, into a separate environment.",
            ),
        )
    return (
        Finding(
            Severity.ERROR,
            "packages_absent",
            f"The launcher's own Python does not have what this run needs: {named}.",
            "Install them next to the launcher: pip install 'pod-launcher[pod]'.",
        ),
    )
