"""How a machine that ssh reaches is opened: nothing is asked before it is used."""

from __future__ import annotations

from functools import partial
from typing import cast

import httpx

from launcher.providers.access import InterfaceCheck, Opening, PlaceAccess
from launcher.providers.base import Provider
from launcher.providers.ssh.folder import SshFolder
from launcher.providers.ssh.provider import NoHost, SshProvider


def _open(opening: Opening) -> Provider:
    if not opening.machine:
        return cast(Provider, NoHost())
    return SshProvider(opening.machine, clock=opening.clock)


async def _check(url: str, transport: httpx.AsyncBaseTransport | None = None) -> InterfaceCheck:
    """The program that is asked there is sent by this launcher."""
    return InterfaceCheck(True, "of this release")


SSH_ACCESS = PlaceAccess(
    open=_open,
    check_interface=_check,
    open_folder=SshFolder,
    open_dataset=partial(SshFolder, is_dataset=True),
)
