"""How Hugging Face Jobs is opened, and asked whether it still lists its hardware as this release knows it."""

from __future__ import annotations

import httpx

from launcher.errors import BadEnvironment, NotConfigured
from launcher.open_http import open_http
from launcher.providers.access import InterfaceCheck, Opening, PlaceAccess
from launcher.providers.hf_jobs.client import HARDWARE_PATH, HfJobsClient
from launcher.providers.hf_jobs.provider import HfJobsProvider
from launcher.providers.hf_jobs.wire import hardware_in


def _open(opening: Opening) -> HfJobsProvider:
    if opening.key is None:
        raise NotConfigured("Hugging Face Jobs is not opened without a token.")
    client = HfJobsClient(
        opening.key,
        opening.url,
        timeout_seconds=opening.request_timeout_seconds,
        transport=opening.transport,
    )
    return HfJobsProvider(client, clock=opening.clock)


async def _check(url: str, transport: httpx.AsyncBaseTransport | None = None) -> InterfaceCheck:
    """The list of hardware is public: its form says whether the interface is the one that is known."""
    try:
        async with open_http(transport, timeout=20.0) as client:
            answer = await client.get(f"{url}{HARDWARE_PATH}")
            answer.raise_for_status()
            found = hardware_in(answer.json())
    except BadEnvironment as exc:
        return InterfaceCheck(None, f"could not be compared: {exc.message}", str(exc.hint))
    except httpx.HTTPStatusError as exc:
        return InterfaceCheck(
            None, f"could not be compared (it answered {exc.response.status_code})"
        )
    except (httpx.HTTPError, ValueError) as exc:
        return InterfaceCheck(None, f"could not be compared ({type(exc).__name__})")
    if not any(each.gpu_count for each in found):
        return InterfaceCheck(
            False,
            "its list of hardware has no GPU in a form that is known",
            "Look for a newer release of the launcher before you start a job.",
        )
    return InterfaceCheck(True, "as this release knows it")


HF_JOBS_ACCESS = PlaceAccess(open=_open, check_interface=_check)
