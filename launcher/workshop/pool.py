"""Child processes that decode, one for each core: jobs in, clips out, each job under a time limit."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from typing import Any

from launcher.errors import LauncherError, NotConfigured
from pod_image.contract.findings import Finding
from pod_image.contract.interpreter import module_command, search_path
from pod_image.dataset import Code

MOST_ANSWER_BYTES = 64 * 2**20
MOST_WORKERS = 8
CODES = {each.value: each for each in Code}


class RecordingFailed(LauncherError):
    """One recording could not be used; the others can."""


@dataclass(frozen=True)
class Job:
    """What a child needs to know about one recording; paths as text."""

    recording: str
    folder: str
    prefix: str
    rate_hz: int
    kind: str
    text: str | None
    timed_text: str | None
    loudness_lufs: float | None
    cut: bool
    most_seconds: float
    threads: int = 1
    """More than one where there are fewer recordings than cores."""


@dataclass(frozen=True)
class MadeClip:
    file: str
    seconds: float
    text: str
    speaker: str | None = None


@dataclass(frozen=True)
class Cut:
    """One recording's length, its clips, which lie in the job's folder, and what was found in its text."""

    seconds: float
    clips: tuple[MadeClip, ...]
    findings: tuple[Finding, ...] = ()


class DecoderPool:
    """At most `workers` children; one that hangs, crashes or runs over time is ended and replaced."""

    def __init__(self, workers: int | None = None, *, job_seconds: float) -> None:
        count = workers or min(MOST_WORKERS, os.cpu_count() or 1)
        self._job_seconds = job_seconds
        self._free: asyncio.Queue[asyncio.subprocess.Process | None] = asyncio.Queue()
        for _ in range(count):
            self._free.put_nowait(None)
        self.workers = count

    async def decode(self, job: Job, tell: Callable[[float], None]) -> Cut:
        """Clips of one recording. RecordingFailed when it cannot be used, NotConfigured without the extra."""
        child = await self._free.get()
        try:
            if child is None or child.returncode is not None:
                child = await _start()
            async with asyncio.timeout(self._job_seconds):
                answer = await _ask(child, job, tell)
        except TimeoutError as exc:
            await _end(child)
            child = None
            raise RecordingFailed(
                f"It took longer than {self._job_seconds:.0f} s to decode.", hint="Give a shorter recording."
            ) from exc  # fmt: skip
        except BaseException:
            await _end(child)
            child = None
            raise
        finally:
            self._free.put_nowait(child)
        return _cut(answer)

    async def close(self) -> None:
        """End all children. No job may be under way."""
        while not self._free.empty():
            await _end(self._free.get_nowait())


@contextlib.asynccontextmanager
async def decoders(workers: int | None, job_seconds: float) -> AsyncIterator[DecoderPool]:
    pool = DecoderPool(workers, job_seconds=job_seconds)
    try:
        yield pool
    finally:
        await pool.close()


async def _start() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *module_command("launcher.workshop.decoder"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_plain_environment(),
        limit=MOST_ANSWER_BYTES,
    )


def _plain_environment() -> dict[str, str]:
    """No token reaches a process that parses other people's files; one thread each, for there are several."""
    kept = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LANG", "LC_ALL")
    plain = {name: os.environ[name] for name in kept if name in os.environ}
    return plain | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(search_path())}


async def _ask(
    child: asyncio.subprocess.Process, job: Job, tell: Callable[[float], None]
) -> dict[str, Any]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
    with contextlib.suppress(ConnectionError):
        await child.stdin.drain()
    while line := await child.stdout.readline():
        answer: dict[str, Any] = json.loads(line)
        if "decoded_seconds" not in answer:
            return answer
        tell(float(answer["decoded_seconds"]))
    await child.wait()
    raise RecordingFailed(
        f"The decoder ended on it (exit code {child.returncode}).",
        hint="The file is damaged, or too large for this machine.",
    )


def _cut(answer: dict[str, Any]) -> Cut:
    if "missing" in answer:
        raise NotConfigured(
            f"Making clips needs {answer['missing']}, which is not installed.",
            hint="pip install 'pod-launcher[audio]'",
        )
    if "failed" in answer:
        raise RecordingFailed(f"It {answer['failed']}.")
    done = answer["done"]
    findings = tuple(
        CODES[code].finding(place, message, hint) for code, place, message, hint in done["findings"]
    )
    return Cut(done["seconds"], tuple(MadeClip(**clip) for clip in done["clips"]), findings)


async def _end(child: asyncio.subprocess.Process | None) -> None:
    if child is None or child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.kill()
    await child.wait()
