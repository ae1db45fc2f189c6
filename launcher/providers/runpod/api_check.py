"""Whether RunPod still describes the calls this release makes: asked without a key, never by making a call."""

from __future__ import annotations

import httpx

from launcher.errors import BadEnvironment
from launcher.open_http import open_http
from launcher.providers.access import InterfaceCheck
from launcher.providers.runpod.drift import DESCRIPTION_PATH, drifts


async def check_api(url: str, transport: httpx.AsyncBaseTransport | None = None) -> InterfaceCheck:
    """Compare the published description with what this release was made for. Never raises for the network."""
    try:
        async with open_http(transport, timeout=20.0) as client:
            answer = await client.get(f"{url}{DESCRIPTION_PATH}")
            answer.raise_for_status()
            found = drifts(answer.json())
    except BadEnvironment as exc:
        return InterfaceCheck(None, f"could not be compared: {exc.message}", str(exc.hint))
    except httpx.HTTPStatusError as exc:
        return InterfaceCheck(
            None, f"could not be compared (it answered {exc.response.status_code})"
        )
    except (httpx.HTTPError, ValueError, AttributeError, TypeError) as exc:
        return InterfaceCheck(None, f"could not be compared ({type(exc).__name__})")
    broken = [f"{drift.call} {drift.what}" for drift in found if drift.breaks]
    if broken:
        return InterfaceCheck(
            False, "; ".join(broken), "Look for a newer release of the launcher before you rent."
        )
    changed = [drift.call for drift in found]
    if changed:
        return InterfaceCheck(
            True, f"changed, with all that is used still there: {', '.join(changed)}"
        )
    return InterfaceCheck(True, "as this release knows it")
