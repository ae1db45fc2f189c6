"""What the agent needs from outside: clock, cloud's HTTP, processes, Hub, output. All of it is handed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import httpx

from pod_image.agent.limits import Caps
from pod_image.agent.timing import Timing
from pod_image.contract.bodies import UploadedFile
from pod_image.contract.hinted_error import HintedError
from pod_image.contract.next_steps import Said
from pod_image.recipes.base import RemoteFile

T = TypeVar("T")
Line = Callable[[str], None]


class Clock(Protocol):
    def now(self) -> float:
        """Unix time in seconds; may jump. Durations come from the event loop's own time."""
        ...

    async def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True)
class ProcessSpec:
    """A stage's process. `environment` is all it gets; `user` is the name of another user, or None to stay."""

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    takes_instructions: bool = False
    user: str | None = None


class StageProcess(Protocol):
    @property
    def pid(self) -> int: ...

    async def wait(self) -> int:
        """Its exit code, negative for a signal, once everything it wrote has been handed on."""
        ...

    async def send(self, line: str) -> None:
        """One instruction on its standard input. Silent when it is gone."""
        ...

    async def end(self, grace_seconds: float) -> None:
        """Ask it and everything it started to end, then kill what is left. Returns when all are gone."""
        ...


class GuardProcess(Protocol):
    """The process that releases the pod when the agent cannot. It answers every beat."""

    def beat(self, release_in_seconds: float) -> None:
        """The agent lives; release the pod in so many seconds unless told otherwise. Silent when it is gone."""
        ...

    def is_well(self) -> bool:
        """Whether it lives, and answers."""
        ...

    def end(self) -> None:
        """Kill it: a guard that is stopped or hangs is of no use. Silent when it is gone."""
        ...


@dataclass(frozen=True)
class GuardOrders:
    """What the guard is told over a pipe; never in its arguments. Without `caps` it knows only what beats say."""

    pod: Mapping[str, str] = field(repr=False)
    """This pod as its place's half tells it to another process; the key is in it."""
    folder: Path
    caps: Caps | None


class Processes(Protocol):
    async def start(self, spec: ProcessSpec, on_event: Line, on_output: Line) -> StageProcess:
        """Start a stage. Lines of its event pipe and of its output arrive one by one. Raises OSError."""
        ...

    async def answer(self, argv: Sequence[str], timeout_seconds: float) -> str | None:
        """What a short program prints, or None when it is absent, fails or takes too long."""
        ...

    async def clear_leftovers(self, pid: int, started: str) -> None:
        """End what a stage of an earlier life of this agent left running."""
        ...

    def started(self, pid: int) -> str:
        """When the process began, as an opaque word; tells a process from a later one of the same number."""
        ...

    def trainer_user(self, folder: Path) -> tuple[str | None, str]:
        """The user that stages run as, or None and why they stay with the agent's own.

        The reason is empty where the agent is not root and could not choose anyway.
        """
        ...

    def hand_over(self, path: Path, user: str | None) -> None:
        """Give a folder and all in it to the stages' user."""
        ...

    def start_guard(self, orders: GuardOrders) -> GuardProcess:
        """Raises OSError."""
        ...


class HubTrouble(HintedError):
    """The Hub did not do it. `is_refusal`: asking again changes nothing until a person does something.

    `is_about_files`: it will never take what it was sent; other files may well be taken.
    """

    def __init__(
        self,
        message: Said,
        *,
        hint: Said = "",
        is_refusal: bool = False,
        is_about_files: bool = False,
        retry_after_seconds: float = 0.0,
    ) -> None:
        super().__init__(message, hint=hint)
        self.is_refusal = is_refusal
        self.is_about_files = is_about_files
        self.retry_after_seconds = retry_after_seconds


class RepoWasGone(HubTrouble):
    """Somebody deleted the results repo. It was made anew, and holds nothing: what was delivered is to go up again."""


@dataclass(frozen=True)
class Receipt:
    """What one commit brought into the results repo."""

    commit: str
    files: tuple[UploadedFile, ...]


@dataclass(frozen=True)
class RemotePath:
    path: str
    size_bytes: int


class Hub(Protocol):
    """The Hugging Face Hub as one run sees it. Blocking calls; every one raises HubTrouble."""

    def check(self) -> str:
        """Prove that the tokens are accepted: dataset readable, results writable. A sentence for `armed`."""
        ...

    def fetch_dataset(
        self,
        commit: str,
        folder: Path,
        on_bytes: Callable[[int, int], None],
        repo: str,
        inside: str = "",
    ) -> None:
        """A dataset at that commit, whole and verified, in `folder`. `on_bytes` hears done and total.

        Of the folder `inside` the repo alone, if one is named; files keep their paths in the repo.
        """
        ...

    def fetch_need(
        self, need: RemoteFile, folder: Path, on_bytes: Callable[[int, int], None]
    ) -> None:
        """A file or folder of the recipe's own, verified, at `folder`/<its folder>/<path>; progress as above."""
        ...

    def fetch_results(self, paths: Sequence[str], folder: Path, below: str) -> None:
        """Files of the results repo into `folder`, their paths taken from `below` on."""
        ...

    def read(self, path: str) -> bytes | None:
        """A small file of the results repo, or None when there is none."""
        ...

    def sample_download(self, commit: str, most_bytes: int) -> tuple[int, float]:
        """Read the beginning of the dataset's largest file: bytes and seconds. (0, 0.0) without a dataset."""
        ...

    def listing(self, below: str) -> list[RemotePath]:
        """Files of the results repo below a folder; empty when there is none."""
        ...

    def publish(
        self,
        files: Mapping[str, Path | bytes],
        message: str,
        *,
        deletes: Sequence[str] = (),
        card: Callable[[str | None], str] | None = None,
        called_off: Callable[[], bool] = lambda: False,
    ) -> Receipt:
        """One commit, then proof: size and checksum of every file as the repo lists them at that commit.

        Once `called_off` says so, no commit is sent any more. `card` makes README.md from what stands there
        now, again when another run was quicker.
        """
        ...

    def leave_tag(self, commit: str, names: Iterable[str]) -> str:
        """Name a commit of the results repo by the first of these tags that is free; returns the one that means it."""
        ...


class Blocking(Protocol):
    async def __call__(self, call: Callable[[], T]) -> T:
        """Run a blocking call without stopping the loop. Cancelling leaves the call to itself."""
        ...


@dataclass(frozen=True)
class Ports:
    """Everything outside the agent."""

    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    clock: Clock
    http: Callable[[], httpx.AsyncClient]
    processes: Processes
    hub: Callable[[RunHub], Hub]
    run_blocking: Blocking
    write_line: Line
    flush: Callable[[], Awaitable[None]]
    timing: Timing = field(default_factory=Timing)
    checks_machine: bool = False
    """Whether GPU, disk and network are tried before the run; a scripted machine has none to try."""
    uptime: Callable[[], float] | None = None
    """Seconds that go on while the machine sleeps, where it has such; else those of the loop."""


@dataclass(frozen=True)
class RunHub:
    """Which repos and tokens a run's Hub works with."""

    endpoint: str
    dataset_repo: str
    results_repo: str
    dataset_token: str = field(repr=False)
    upload_token: str = field(repr=False)
    more_datasets: tuple[str, ...] = ()
    """Repos of the datasets beside the first."""
