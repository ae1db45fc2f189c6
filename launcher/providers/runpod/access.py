"""How RunPod is opened, and asked whether its interface is the one that is known."""

from __future__ import annotations

from launcher.errors import NotConfigured
from launcher.providers.access import Opening, PlaceAccess
from launcher.providers.runpod.api_check import check_api
from launcher.providers.runpod.client import RunPodClient
from launcher.providers.runpod.provider import RunPodProvider

LONGEST_LOOK_AGAIN_SECONDS = 2.0


def _open(opening: Opening) -> RunPodProvider:
    if opening.key is None:
        raise NotConfigured("RunPod needs a key.")
    client = RunPodClient(
        opening.key,
        opening.url,
        transport=opening.transport,
        timeout_seconds=opening.request_timeout_seconds,
        clock=opening.clock,
        budget=opening.budgets.of(opening.url, opening.key),
    )
    look_again = min(LONGEST_LOOK_AGAIN_SECONDS, opening.poll_seconds)
    return RunPodProvider(client, sleep=opening.clock.sleep, look_again_seconds=look_again)


RUNPOD_ACCESS = PlaceAccess(open=_open, check_interface=check_api)
