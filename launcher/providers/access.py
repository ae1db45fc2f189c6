"""How a place is reached: opened with a key, or asked without one whether its interface is as this release knows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from launcher.clock import Clock
from launcher.providers.base import Provider


@dataclass(frozen=True)
class Opening:
    """What a place is opened with."""

    url: str
    key: SecretStr | None
    clock: Clock
    request_timeout_seconds: float = 30.0
    poll_seconds: float = 5.0
    transport: httpx.AsyncBaseTransport | None = None


@dataclass(frozen=True)
class InterfaceCheck:
    """Whether the place still describes the calls that are made. `is_good` is None when nothing could be compared."""

    is_good: bool | None
    sentence: str
    hint: str = ""


@dataclass(frozen=True)
class PlaceAccess:
    """What a place is reached with. One object per folder below `providers/`."""

    open: Callable[[Opening], Provider]
    """Raises NotConfigured for an address or a key that cannot be one. Sends nothing."""
    check_interface: Callable[[str, httpx.AsyncBaseTransport | None], Awaitable[InterfaceCheck]]
    """Asks the address without a key whether the calls are still there. Never raises for the network."""
