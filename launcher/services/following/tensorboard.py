"""TensorBoard on a run: its event files brought here and kept fresh, and the process that shows them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from launcher.clock import Clock
from launcher.domain.run import Run, RunState
from launcher.errors import InvalidRequest, LauncherError, NotConfigured
from launcher.hub.results_repo import exactly
from launcher.services.common.workbench import Workbench
from launcher.services.following.delivered_files import list_results
from pod_image.contract.environment import for_python
from pod_image.contract.figures import counted, size
from pod_image.contract.interpreter import module_command
from pod_image.contract.results_address import name_below

FRESH_SECONDS = 60.0
"""Between two looks at the results repo, of a run that goes on: pods deliver some minutes apart."""
START_SECONDS = 120.0
"""Of a busy machine; TensorBoard takes a few seconds otherwise."""
_PROCESS = "launcher.services.following.tensorboard_process"
_MARK = "tfevents"
"""TensorBoard opens files with this in their names, and no others are brought."""
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""The process shuts itself in, which does not hold for threads that its libraries have started before."""


@dataclass(frozen=True)
class EventFiles:
    """A copy on this machine, each file checked against the Hub's listing. `folder` holds nothing else."""

    folder: Path
    files: int
    size_bytes: int

    @property
    def text(self) -> str:
        """Such as "2 event files, 1.2 MB"."""
        return f"{counted(self.files, 'event file')}, {size(self.size_bytes)}"


def need_tensorboard() -> None:
    """Raises NotConfigured where it is not installed beside this program."""
    if find_spec("tensorboard") is None:
        raise NotConfigured(
            "TensorBoard is not installed in this program's environment.",
            hint="Install it: pip install tensorboard",
        )


async def bring_event_files(bench: Workbench, run: Run) -> EventFiles:
    """Every event file that the run has delivered so far, wherever its trainer put it.

    Those that are here and right are kept. Raises InvalidRequest while there is none, HubError.
    """
    paths = [
        each.path.removeprefix(f"{run.run_id}/")
        for each in await list_results(bench, run)
        if _MARK in PurePosixPath(each.path).name
    ]
    if not paths:
        raise InvalidRequest(
            f"{run.run_id} has no TensorBoard files in {run.results_repo}.",
            hint="A run that trains delivers the first ones with its first checkpoint; a command may write none.",
        )
    into = bench.config.data_folder / "tensorboard" / name_below(run.results_repo)
    fetched = await bench.results(run.results_repo).download(run.run_id, into, exactly(*paths))
    return EventFiles(into / run.run_id, len(fetched.files), fetched.size_bytes)


async def keep_fresh(bench_now: Callable[[], Workbench | None], run: Run, clock: Clock) -> None:
    """Bring what the run delivers until it is over, and once more then; ends where nobody may read it any more."""
    while True:
        await clock.sleep(FRESH_SECONDS)
        bench = bench_now()
        if bench is None:
            return
        now = bench.runs.by_nonce(run.nonce) or run
        with contextlib.suppress(LauncherError):  # the next look may do better; what is here stays
            await bring_event_files(bench, now)
        if now.state is RunState.ENDED:
            return


class TensorBoard:
    """TensorBoard under way at `url`, on loopback and for whoever knows the whole address. `close` ends it."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self._process, self.url = process, url

    @classmethod
    async def start(cls, folder: Path, title: str, *, port: int = 0) -> TensorBoard:
        """Raises NotConfigured where it is not installed, LauncherError where it does not start."""
        need_tensorboard()
        process = await asyncio.create_subprocess_exec(
            *module_command(_PROCESS),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**for_python(os.environ), **_ONE_THREAD},
        )
        try:
            return cls(process, await _address(process, folder, title, port))
        except BaseException:
            await _end(process)
            raise

    @property
    def is_over(self) -> bool:
        return self._process.returncode is not None

    async def ended(self) -> None:
        """Returns when its process has ended."""
        await self._process.wait()

    async def close(self) -> None:
        await _end(self._process)


@asynccontextmanager
async def tensorboard_on(
    files: EventFiles, run: Run, *, port: int = 0
) -> AsyncIterator[TensorBoard]:
    """TensorBoard on these files while the block runs."""
    shown = await TensorBoard.start(files.folder, run.run_id, port=port)
    try:
        yield shown
    finally:
        await shown.close()


async def _address(process: asyncio.subprocess.Process, folder: Path, title: str, port: int) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    asked = {"folder": str(folder), "port": port, "title": title}
    with contextlib.suppress(ConnectionError):
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        await process.stdin.drain()
    try:
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
    except TimeoutError as exc:
        raise LauncherError(
            f"TensorBoard did not start within {START_SECONDS:.0f} s.",
            hint="Try again when this computer has less to do.",
        ) from exc
    answer = json.loads(line) if line else {"failed": "its process ended at once"}
    if "url" not in answer:
        hint = "Choose another port, or omit it." if port else "pip install -U tensorboard"
        raise LauncherError(f"TensorBoard did not start: {answer['failed']}.", hint=hint)
    return str(answer["url"])


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()
