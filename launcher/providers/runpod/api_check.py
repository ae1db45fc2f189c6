"""Whether RunPod still describes the calls this release makes: asked without a key, never by making a call."""

from __future__ import annotations

from typing import Any

import httpx

from launcher.providers.access import InterfaceCheck, compared
from launcher.providers.runpod.drift import DESCRIPTION_PATH, drifts


async def check_api(url: str, transport: httpx.AsyncBaseTransport | None = None) -> InterfaceCheck:
    """Compare the published description with what this release was made for. Never raises for the network."""
    return await compared(f"{url}{DESCRIPTION_PATH}", transport, _judged)


def _judged(description: Any) -> InterfaceCheck:
    found = drifts(description)
    broken = [f"{drift.call} {drift.what}" for drift in found if drift.breaks]
    if broken:
        return InterfaceCheck(
            False, "; ".join(broken), "Check for a newer release of the launcher before you rent."
        )
    changed = [drift.call for drift in found]
    if changed:
        return InterfaceCheck(
            True, f"changed, but everything that we use is still there: {', '.join(changed)}"
        )
    return InterfaceCheck(True, "it has the form that this release knows")
