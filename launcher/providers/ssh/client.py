"""A machine asked by OpenSSH's own client, with the person's configuration, keys and agent; never by a password."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from launcher.errors import ApiDrift, NotConfigured, ProviderUnavailable
from launcher.providers.local.client import Child, NotStarted
from launcher.providers.local.wire import answer_in, document_in
from launcher.providers.own_machine import NotReached
from launcher.providers.ssh.program import program, remote_command
from launcher.providers.ssh.wire import NO_CONNECTION, trouble_in
from pod_image.contract.secret_names import without_secrets

_OPTIONS = (
    "-T",
    "-x",
    *("-o", "BatchMode=yes"),
    *("-o", "ConnectTimeout=15"),
    *("-o", "ServerAliveInterval=15"),
    *("-o", "ServerAliveCountMax=4"),
    *("-o", "ClearAllForwardings=yes"),
    *("-o", "ForwardAgent=no"),
    *("-o", "RemoteCommand=none"),
    *("-o", "PermitLocalCommand=no"),
)
_SILENCE_SECONDS = 60.0
_PUT_SECONDS = 300.0


class SshMachine:
    """See `launcher.providers.own_machine.Machine`."""

    def __init__(self, host: str) -> None:
        self.calls = 0
        self._host = host
        self._environment = without_secrets(os.environ)
        self._putting = asyncio.Lock()

    def command(self, verb: str) -> tuple[str, ...]:
        return ("ssh", self._host, "python3", "-P", "-m", "pod_image.own_machine", verb)

    async def ask(
        self, verb: str, asked: Mapping[str, Any], timeout_seconds: float = 60.0
    ) -> Mapping[str, Any]:
        given = json.dumps(asked).encode()
        answer = await self._answered(verb, given, timeout_seconds)
        if "needs" not in answer:
            return answer
        await self._put()
        answer = await self._answered(verb, given, timeout_seconds)
        if "needs" in answer:
            raise ApiDrift(
                f"{self._host} did not store what was sent to it.",
                hint="Make room in that user's cache there.",
            )
        return answer

    async def follow(self, asked: Mapping[str, Any]) -> AsyncGenerator[Mapping[str, Any], None]:
        self.calls += 1
        try:
            async for line in self._child("follow").lines(
                json.dumps(asked).encode(), _SILENCE_SECONDS
            ):
                document = document_in(line)
                if document is not None and "needs" in document:
                    await self._put()
                    break
                if document is not None:
                    yield document
        except NotStarted as exc:
            raise _no_ssh(exc) from exc
        except (TimeoutError, OSError) as exc:
            raise ProviderUnavailable("The log broke off.") from exc

    async def _put(self) -> None:
        """Send our program there, once whoever asks at the same time."""
        async with self._putting:
            await self._answered("put", program().content, _PUT_SECONDS)

    async def _answered(self, verb: str, given: bytes, timeout_seconds: float) -> Mapping[str, Any]:
        self.calls += 1
        try:
            code, out, err = await self._child(verb).run(given, timeout_seconds)
        except NotStarted as exc:
            raise _no_ssh(exc) from exc
        except TimeoutError as exc:
            raise ProviderUnavailable(f"{self._host} took too long to answer.") from exc
        except OSError as exc:
            raise ProviderUnavailable(f"The connection to {self._host} broke off: {exc}.") from exc
        answer = answer_in(out)
        if answer is not None:
            return answer
        if code == NO_CONNECTION:
            raise trouble_in(self._host, err)
        last = (err.strip().rpartition("\n")[2] or f"it ended with {code}")[:300]
        raise ProviderUnavailable(f"The launcher's program gave no answer on {self._host}: {last}")

    def _child(self, verb: str) -> Child:
        words = ("ssh", *_OPTIONS, "--", self._host, remote_command(verb, self._host))
        return Child(words, self._environment)


def _no_ssh(trouble: NotStarted) -> NotConfigured | NotReached:
    if trouble.is_absent:
        return NotConfigured(
            "There is no program called ssh on this computer.", hint="Install OpenSSH's client."
        )
    return NotReached(f"ssh cannot be started on this computer: {trouble}.")
