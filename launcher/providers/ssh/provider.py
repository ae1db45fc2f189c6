"""Machines that ssh reaches as Providers: one for each machine, and one that stands for all that nobody has named."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from launcher.clock import Clock, SystemClock
from launcher.errors import NotConfigured
from launcher.providers.own_machine import Machine, OwnMachine
from launcher.providers.place import Place
from launcher.providers.ssh.client import SshMachine
from launcher.providers.ssh.place import SSH, machine_of
from pod_image.contract.next_steps import Sentence, setting


class SshProvider(OwnMachine):
    """See `launcher.providers.base.Provider` for what each method promises."""

    def __init__(
        self, host: str, *, machine: Machine | None = None, clock: Clock | None = None
    ) -> None:
        """`machine` stands in for that one."""
        super().__init__(
            machine_of(host),
            machine or SshMachine(host),
            clock or SystemClock(),
            may_install=True,
        )


class NoHost:
    """Where no machine was named: any use says that one has to be."""

    place: Place = SSH
    pod_environment: dict[str, str] = {}  # noqa: RUF012 (nobody writes into it)
    calls = 0
    clock_ahead = timedelta(0)
    is_in_use = False

    async def aclose(self) -> None:
        """Nothing is open."""

    def __getattr__(self, name: str) -> Any:
        raise NotConfigured(
            "No machine for ssh was given.",
            hint=Sentence("Name it as you do for ssh: ", setting("host", "gpubox"), "."),
        )
