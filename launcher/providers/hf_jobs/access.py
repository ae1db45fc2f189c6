"""How Hugging Face Jobs is opened, and asked whether its hardware list still has the form that this release knows."""

from __future__ import annotations

from typing import Any

import httpx

from launcher.errors import NotConfigured
from launcher.providers.access import InterfaceCheck, Opening, PlaceAccess, compared
from launcher.providers.hf_jobs.client import HARDWARE_PATH, HfJobsClient
from launcher.providers.hf_jobs.provider import HfJobsProvider
from launcher.providers.hf_jobs.wire import hardware_in


def _open(opening: Opening) -> HfJobsProvider:
    if opening.key is None:
        raise NotConfigured("Hugging Face Jobs needs a token.")
    client = HfJobsClient(
        opening.key,
        opening.url,
        timeout_seconds=opening.request_timeout_seconds,
        transport=opening.transport,
        clock=opening.clock,
    )
    return HfJobsProvider(client, clock=opening.clock)


async def _check(url: str, transport: httpx.AsyncBaseTransport | None = None) -> InterfaceCheck:
    """The list of hardware is public: its form says whether the interface is the one that is known."""
    return await compared(f"{url}{HARDWARE_PATH}", transport, _judged)


def _judged(document: Any) -> InterfaceCheck:
    if not any(each.gpu_count for each in hardware_in(document)):
        return InterfaceCheck(
            False,
            "its list of hardware has no GPU in a form that is known",
            "Look for a newer release of the launcher before you start a job.",
        )
    return InterfaceCheck(True, "it has the form that this release knows")


HF_JOBS_ACCESS = PlaceAccess(open=_open, check_interface=_check)
