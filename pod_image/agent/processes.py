"""Real processes: stages with an event pipe and a user of their own, short programs, the guard."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pwd
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pod_image.agent import process_tree
from pod_image.agent.ports import GuardOrders, Line, ProcessSpec
from pod_image.contract.environment import EVENTS_FD_VARIABLE
from pod_image.contract.interpreter import (
    module_command,
    program_command,
    without_current_folder,
)

TRAINER_USER = "trainer"
"""Made by the image; owns nothing but the run's working folders."""
_LINE_LIMIT_BYTES = 1 << 20
_LINES_A_TURN = 200
_DRAIN_SECONDS = 2.0
_LOOK_SECONDS = 0.2
_LEFTOVERS_SECONDS = 15.0
"""What an earlier life left running may write what it has: its results are delivered now."""
_PIPE_BYTES = 1 << 20
GUARD_ANSWER_SECONDS = 60.0
"""A guard that leaves a beat unanswered for so long hangs, or is stopped."""


class SystemProcesses:
    """Processes of this machine."""

    async def start(self, spec: ProcessSpec, on_event: Line, on_output: Line) -> SystemStage:
        (events, events_end), (output, output_end) = os.pipe(), os.pipe()
        with contextlib.suppress(OSError):
            fcntl.fcntl(events_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)  # a step never waits for us
        try:
            process = await asyncio.create_subprocess_exec(
                *spec.argv,
                cwd=spec.folder,
                env={**spec.environment, EVENTS_FD_VARIABLE: str(events_end)},
                stdin=subprocess.PIPE if spec.takes_instructions else subprocess.DEVNULL,
                stdout=output_end,
                stderr=subprocess.STDOUT,
                pass_fds=(events_end,),
                start_new_session=True,
                **as_user(spec.user),
            )
        except BaseException:
            os.close(events)
            os.close(output)
            raise
        finally:
            os.close(events_end)
            os.close(output_end)
        readers = (
            asyncio.create_task(_read_pipe(events, on_event)),
            asyncio.create_task(_read_pipe(output, on_output)),
        )
        return SystemStage(process, readers, _uid(spec.user))

    async def answer(self, argv: Sequence[str], timeout_seconds: float) -> str | None:
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment_of_programs(),
            )
        except OSError:
            return None
        try:
            out, _ = await asyncio.wait_for(process.communicate(), timeout_seconds)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            return None
        return out.decode("utf-8", "replace") if process.returncode == 0 else None

    async def clear_leftovers(self, pid: int, started: str) -> None:
        if started and process_tree.started(pid) == started:
            await process_tree.end(pid, _LEFTOVERS_SECONDS)

    def started(self, pid: int) -> str:
        return process_tree.started(pid)

    def trainer_user(self, folder: Path) -> tuple[str | None, str]:
        if os.geteuid() != 0:
            return None, ""
        try:
            user = pwd.getpwnam(TRAINER_USER)
        except KeyError:
            return None, f"the image has no user {TRAINER_USER!r}"
        return _checked(user.pw_name, folder)

    def hand_over(self, path: Path, user: str | None) -> None:
        if user is None:
            return
        entry = pwd.getpwnam(user)
        for found in (path, *path.rglob("*")):
            os.chown(found, entry.pw_uid, entry.pw_gid, follow_symlinks=False)

    def start_guard(self, orders: GuardOrders) -> SystemGuard:
        return SystemGuard(orders)


def _checked(user: str, folder: Path) -> tuple[str | None, str]:
    """Whether that user can run this interpreter with our package, in the run's folder."""
    try:
        subprocess.run(
            program_command("import pod_image.recipes.worker"),
            check=True,
            timeout=60,
            cwd=folder,
            env={"PATH": os.defpath, **_python_path()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            **as_user(user),
        )
    except (OSError, subprocess.SubprocessError):
        return None, f"the user {user!r} cannot run {sys.executable} in {folder}"
    return user, ""


def as_user(user: str | None) -> dict[str, Any]:
    """What has subprocess start a program as that user; nothing for our own."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    groups = os.getgrouplist(user, entry.pw_gid)  # GPU devices may be open to a group alone
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups}


def _uid(user: str | None) -> int | None:
    return None if user is None else pwd.getpwnam(user).pw_uid


class SystemStage:
    """A running stage. Its pipes are read whatever the agent is doing, so that it never blocks on them."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        readers: tuple[asyncio.Task[None], ...],
        uid: int | None,
    ) -> None:
        self._process = process
        self._readers = readers
        self._uid = uid

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self) -> int:
        # asyncio's own wait() also waits for the pipes, and a grandchild may hold those open for ever.
        ending = asyncio.ensure_future(self._process.wait())
        try:
            while (code := self._process.returncode) is None:
                await asyncio.wait({ending}, timeout=_LOOK_SECONDS)
        finally:
            ending.cancel()
        await asyncio.wait(self._readers, timeout=_DRAIN_SECONDS)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        if self._process.stdin is not None:
            self._process.stdin.close()
        return code

    async def send(self, line: str) -> None:
        if self._process.stdin is None:
            return
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._process.stdin.write(line.encode() + b"\n")
            await asyncio.wait_for(self._process.stdin.drain(), 5.0)

    async def end(self, grace_seconds: float) -> None:
        await process_tree.end(self.pid, grace_seconds, self._uid)


async def _read_pipe(descriptor: int, on_line: Line) -> None:
    stream = asyncio.StreamReader(limit=_LINE_LIMIT_BYTES)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb")
    )
    try:
        await _read_lines(stream, on_line)
    finally:
        transport.close()


async def _read_lines(stream: asyncio.StreamReader, on_line: Line) -> None:
    """Lines as they come. A progress bar redraws itself with a carriage return: each redraw is a line.

    What is in the buffer comes without a wait: a flood would keep events, and the guard's beat, from their turn.
    """
    lines = 0
    while line := await _next_line(stream):
        lines += 1
        if lines % _LINES_A_TURN == 0:
            await asyncio.sleep(0)
        for part in line.decode("utf-8", "replace").rstrip("\r\n").split("\r"):
            if part:
                on_line(part)


async def _next_line(stream: asyncio.StreamReader) -> bytes:
    """The next line, or the first part of one that is longer than a line may be; empty at the end."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as exc:
        return exc.partial
    except asyncio.LimitOverrunError as exc:
        return await stream.readexactly(max(1, exc.consumed))


class SystemGuard:
    """The guard as a child process that hears from us over its standard input, and answers over a pipe."""

    def __init__(self, orders: GuardOrders) -> None:
        self._answers, answers_end = os.pipe()
        os.set_blocking(self._answers, False)
        try:
            self._process = subprocess.Popen(
                module_command("pod_image.agent.guard", str(answers_end)),
                stdin=subprocess.PIPE,
                cwd="/",
                env=_guard_environment(),
                pass_fds=(answers_end,),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._answers)
            raise
        finally:
            os.close(answers_end)
        assert self._process.stdin is not None
        self._orders_end = self._process.stdin
        os.set_blocking(self._orders_end.fileno(), False)
        self._unsent: GuardOrders | None = orders
        self._unanswered_since: float | None = None
        self._lock = threading.Lock()
        # On a thread: an agent whose loop hangs from the start needs a guard that has its orders.
        self._introduction = threading.Thread(target=self._introduce, daemon=True)
        with contextlib.suppress(RuntimeError):  # no more threads here: the next look does it
            self._introduction.start()

    def beat(self, release_in_seconds: float) -> None:
        if self._unanswered_since is None:
            self._unanswered_since = time.monotonic()
        if self._unsent is None:
            self._write({"release_in_seconds": release_in_seconds})

    def is_well(self) -> bool:
        if self._process.poll() is not None:
            return False
        self._look_for_answers()
        since = self._unanswered_since
        return since is None or time.monotonic() - since < GUARD_ANSWER_SECONDS

    def end(self) -> None:
        self._process.kill()  # reaped later: a process that the kernel holds must not hold us
        with contextlib.suppress(OSError):
            self._orders_end.close()
        if self._introduction.ident is not None:
            self._introduction.join(1.0)
        if not self._introduction.is_alive():
            os.close(self._answers)

    def _introduce(self) -> None:
        with contextlib.suppress(OSError):
            select.select([self._answers], [], [])
        self._look_for_answers()

    def _look_for_answers(self) -> None:
        with self._lock, contextlib.suppress(OSError):  # nothing new
            if os.read(self._answers, 4_096):
                self._heard()

    def _heard(self) -> None:
        """Its first answer says that it has closed itself to others: the key may lie in its pipe from then on."""
        self._unanswered_since = None
        orders, self._unsent = self._unsent, None
        if orders is None:
            return
        self._write(
            {
                "pod": dict(orders.pod),
                "folder": str(orders.folder.resolve()),
                "caps": None if orders.caps is None else asdict(orders.caps),
                "agent_pid": os.getpid(),
                "agent_started": process_tree.started(os.getpid()),
            }
        )

    def _write(self, document: dict[str, Any]) -> None:
        # Gone, full since it hangs, or ended here a moment ago: `is_well` tells.
        with contextlib.suppress(OSError, ValueError):
            os.write(self._orders_end.fileno(), json.dumps(document).encode() + b"\n")


def _environment_of_programs() -> dict[str, str]:
    """Enough to find programs, our package and the GPU's libraries; no key."""
    kept = ("PATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "HOME", "LANG")
    return {
        "PATH": os.defpath,
        **{name: os.environ[name] for name in kept if name in os.environ},
        **_python_path(),
    }


def _guard_environment() -> dict[str, str]:
    kept = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "LANG")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, **_python_path()}


def _python_path() -> dict[str, str]:
    """Where the image keeps our package; never the folder that a program happens to be started in."""
    return {"PYTHONPATH": without_current_folder(os.environ.get("PYTHONPATH", ""))}
