"""What runs in a pod's container: the protocol, and a runner whose programs are Python generators on the clock."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class ContainerSpec:
    """One start of a container. `env` holds the secrets' real values, so it is never printed."""

    pod_id: str
    image: str
    args: tuple[str, ...]
    entrypoint: tuple[str, ...] | None
    env: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class ExecOutcome:
    """What a command that ran inside the pod left behind."""

    exit_code: int | None
    stdout: str = ""
    stderr: str = ""
    timed_out: bool = False


class CannotStart(Exception):
    """The container could not be started; the text goes to the system log."""


class Container(Protocol):
    """A container that was started. All calls return soon."""

    @property
    def next_due(self) -> float | None:
        """When `exit_code` should be asked next, if that is known."""

    def exit_code(self, now: float) -> int | None:
        """None while it runs."""

    def stop(self) -> None:
        """End everything in it: SIGTERM to its first process, SIGKILL to what is left. Silent if it has ended."""

    def kill(self) -> None:
        """SIGKILL its first process, as the kernel does to one that is out of memory."""

    async def execute(
        self, command: list[str], cwd: str | None, timeout_seconds: float
    ) -> ExecOutcome:
        """Run a command beside it, in its folder and environment, without a shell."""


class PodRunner(Protocol):
    """Starts containers."""

    def start(self, spec: ContainerSpec, log: Callable[[str], None], now: float) -> Container:
        """Start one; `log` takes its output by lines, from any thread. Raises CannotStart."""

    def wipe(self, pod_id: str) -> None:
        """Empty the container disk: the pod was stopped."""

    def remove(self, pod_id: str) -> None:
        """The pod is gone for good."""

    def close(self) -> None:
        """End all that was started; nothing is left when it returns."""


Program = Callable[["ScriptedContainer"], Generator[float, None, int | None]]
"""Yields seconds to sleep; what it returns is the exit code. GeneratorExit is its SIGTERM."""
ExecHandler = Callable[["ScriptedContainer", list[str]], ExecOutcome]


def wait_for_ever(container: "ScriptedContainer") -> Generator[float, None, int | None]:
    """The program of an image that only waits, such as one with nothing but sshd."""
    while True:
        yield 3600.0


class ScriptedContainer:
    """A container whose program is a generator, moved on when the clock says so."""

    def __init__(
        self,
        spec: ContainerSpec,
        log: Callable[[str], None],
        program: Program,
        on_exec: ExecHandler | None,
        now: float,
    ) -> None:
        self.spec = spec
        self.log = log
        self.now = now
        self.next_due: float | None = now
        self._on_exec = on_exec
        self._code: int | None = None
        self._steps = program(self)

    def exit_code(self, now: float) -> int | None:
        while self._code is None and self.next_due is not None and self.next_due <= now:
            self.now = self.next_due
            try:
                self.next_due += next(self._steps)
            except StopIteration as end:
                self._end(end.value or 0)
        return self._code

    def stop(self) -> None:
        if self._code is None:
            self._steps.close()
            self._end(143)

    def kill(self) -> None:
        if self._code is None:
            self._steps = wait_for_ever(self)
            self._end(137)

    async def execute(
        self, command: list[str], cwd: str | None, timeout_seconds: float
    ) -> ExecOutcome:
        if self._on_exec is None:
            return ExecOutcome(127, stderr=f"exec: {command[0]}: not found\n")
        return self._on_exec(self, command)

    def _end(self, code: int) -> None:
        self._code = code
        self.next_due = None


class ScriptedRunner:
    """Pods whose programs are functions. `started` lists every start, in order."""

    def __init__(
        self, program: Program = wait_for_ever, on_exec: ExecHandler | None = None
    ) -> None:
        self.program = program
        self.on_exec = on_exec
        self.started: list[ScriptedContainer] = []
        self.wiped: list[str] = []
        self.removed: list[str] = []

    def start(
        self, spec: ContainerSpec, log: Callable[[str], None], now: float
    ) -> ScriptedContainer:
        container = ScriptedContainer(spec, log, self.program, self.on_exec, now)
        self.started.append(container)
        return container

    def wipe(self, pod_id: str) -> None:
        self.wiped.append(pod_id)

    def remove(self, pod_id: str) -> None:
        self.removed.append(pod_id)

    def close(self) -> None:
        for container in self.started:
            container.stop()
