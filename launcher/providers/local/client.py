"""This computer, asked through a child process: the same program that is asked on any machine of one's own."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from launcher.errors import ProviderUnavailable
from launcher.providers.local.wire import answer_in, document_in
from launcher.providers.own_machine import NotReached
from pod_image.contract.interpreter import module_command
from pod_image.contract.own_machine import FOLDER_VARIABLE
from pod_image.contract.secret_names import without_secrets

_LINE_LIMIT_BYTES = 4 << 20
_PROGRAM = "pod_image.own_machine"


class NotStarted(Exception):
    """The program could not be started: nothing was asked. `is_absent`: there is none of that name."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(cause.strerror or str(cause))
        self.is_absent = isinstance(cause, FileNotFoundError)


class Child:
    """A program that is asked on its standard input and answers line by line."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command, self._environment = tuple(command), dict(environment)

    async def run(self, given: bytes, timeout_seconds: float) -> tuple[int, str, str]:
        """Exit code, output, and what it said on standard error. Raises NotStarted, TimeoutError, OSError."""
        process = await self._start()
        try:
            async with asyncio.timeout(timeout_seconds):
                out, err = await process.communicate(given)
        finally:
            _end(process)
        return (
            process.returncode or 0,
            out.decode("utf-8", "replace"),
            err.decode("utf-8", "replace"),
        )

    async def lines(self, given: bytes, silence_seconds: float) -> AsyncGenerator[str, None]:
        """Its output until it ends. Raises NotStarted, TimeoutError after a silence, OSError."""
        process = await self._start()
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018 (both are pipes)
        try:
            with suppress(ConnectionError):
                process.stdin.write(given)
                await process.stdin.drain()
                process.stdin.close()
            while raw := await _line(process.stdout, silence_seconds):
                yield raw.decode("utf-8", "replace").rstrip("\r\n")
        finally:
            _end(process)

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_LINE_LIMIT_BYTES,
                start_new_session=True,  # Ctrl-C is for the launcher, which says what becomes of the run
            )
        except OSError as exc:
            raise NotStarted(exc) from exc


async def _line(output: asyncio.StreamReader, silence_seconds: float) -> bytes:
    # Not wait_for: where a line comes in the same moment, Python 3.11's forgets that it was cancelled.
    async with asyncio.timeout(silence_seconds):
        return await output.readline()


def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()


class ThisComputer:
    """See `launcher.providers.own_machine.Machine`."""

    def __init__(self, runs: Path | None) -> None:
        """`runs`: where runs lie; None for where this user's lie as a rule."""
        self.calls = 0
        environment = without_secrets(os.environ)
        if runs is not None:
            environment[FOLDER_VARIABLE] = str(runs)
        self._environment = environment

    def command(self, verb: str) -> tuple[str, ...]:
        return module_command(_PROGRAM, verb)

    async def ask(
        self, verb: str, asked: Mapping[str, Any], timeout_seconds: float = 60.0
    ) -> Mapping[str, Any]:
        self.calls += 1
        child = Child(self.command(verb), self._environment)
        try:
            code, out, err = await child.run(json.dumps(asked).encode(), timeout_seconds)
        except NotStarted as exc:
            raise NotReached(f"No program can be started here: {exc}.") from exc
        except TimeoutError as exc:
            raise ProviderUnavailable("This computer took too long to answer.") from exc
        except OSError as exc:
            raise ProviderUnavailable(f"The launcher's own program broke off: {exc}.") from exc
        answer = answer_in(out)
        if answer is None:
            last = (err.strip().rpartition("\n")[2] or f"it ended with {code}")[:300]
            raise ProviderUnavailable(f"The launcher's own program gave no answer here: {last}")
        return answer

    async def follow(self, asked: Mapping[str, Any]) -> AsyncGenerator[Mapping[str, Any], None]:
        self.calls += 1
        child = Child(self.command("follow"), self._environment)
        try:
            async for line in child.lines(json.dumps(asked).encode(), silence_seconds=60.0):
                document = document_in(line)
                if document is not None:
                    yield document
        except (NotStarted, TimeoutError, OSError) as exc:
            raise ProviderUnavailable("The log broke off.") from exc
