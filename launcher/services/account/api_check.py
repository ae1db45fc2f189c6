"""Whether the cloud still describes the calls this release makes: asked without a key, never by making a call."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from launcher.providers.runpod.client import USER_AGENT
from launcher.providers.runpod.drift import DESCRIPTION_PATH, drifts


@dataclass(frozen=True)
class ApiCheck:
    """`is_good` is None when nothing could be compared."""

    is_good: bool | None
    sentence: str
    hint: str = ""


async def check_api(
    provider_url: str, transport: httpx.AsyncBaseTransport | None = None
) -> ApiCheck:
    """Compare the published description with what this release was made for. Never raises for the network."""
    try:
        async with httpx.AsyncClient(
            transport=transport, timeout=20.0, headers={"User-Agent": USER_AGENT}
        ) as client:
            answer = await client.get(f"{provider_url}{DESCRIPTION_PATH}")
            answer.raise_for_status()
            found = drifts(answer.json())
    except httpx.HTTPStatusError as exc:
        return ApiCheck(None, f"could not be compared (it answered {exc.response.status_code})")
    except (httpx.HTTPError, ValueError, AttributeError, TypeError) as exc:
        return ApiCheck(None, f"could not be compared ({type(exc).__name__})")
    broken = [f"{drift.call} {drift.what}" for drift in found if drift.breaks]
    if broken:
        return ApiCheck(
            False, "; ".join(broken), "Look for a newer release of the launcher before you rent."
        )
    changed = [drift.call for drift in found]
    if changed:
        return ApiCheck(True, f"changed, with all that is used still there: {', '.join(changed)}")
    return ApiCheck(True, "as this release knows it")
