"""How this computer is opened: nothing is asked of anybody else."""

from __future__ import annotations

import httpx

from launcher.providers.access import InterfaceCheck, Opening, PlaceAccess
from launcher.providers.local.provider import LocalProvider


def _open(opening: Opening) -> LocalProvider:
    return LocalProvider(runs=opening.runs_folder, clock=opening.clock)


async def _check(url: str, transport: httpx.AsyncBaseTransport | None = None) -> InterfaceCheck:
    """The program that is asked comes with this launcher."""
    return InterfaceCheck(True, "of this release")


LOCAL_ACCESS = PlaceAccess(open=_open, check_interface=_check)
