"""The Hub's stand-in as our programs reach it."""

from __future__ import annotations

from pydantic import SecretStr

from launcher.emulator.hub import HubEmulator
from pod_image.hub import Hub


def hub_of(emulator: HubEmulator, label: str = "write") -> Hub:
    """Over the network, with the token of that label.

    Its `.api` is the Hub's own library. Made alone, that would go wherever an earlier test of this process has led it:
    it has one client per process, and Hubs in memory give it theirs.
    """
    return Hub(SecretStr(emulator.tokens[label]), endpoint=emulator.url, use_xet=False)
