"""How a place is reached: opened with a key, or asked without one whether its interface has the form that this release
knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from launcher.clock import Clock
from launcher.errors import BadEnvironment
from launcher.open_http import open_http
from launcher.providers.base import Provider
from launcher.providers.call_budget import CallBudgets
from pod_image.folder_store.port import Folder, ReadableFolder


@dataclass(frozen=True)
class Opening:
    """What a place is opened with."""

    url: str
    key: SecretStr | None
    clock: Clock
    request_timeout_seconds: float = 30.0
    poll_seconds: float = 5.0
    transport: httpx.AsyncBaseTransport | None = None
    machine: str = ""
    """Which one, at a place that is many machines, each named by a person."""
    budgets: CallBudgets = field(default_factory=CallBudgets, repr=False)
    """Of all that is opened in this process."""
    runs_folder: Path | None = None
    """Where a place that is this very computer keeps its runs; None for where this user's lie as a rule."""


@dataclass(frozen=True)
class InterfaceCheck:
    """Whether the place still describes the calls that are made. `is_good` is None when nothing could be compared."""

    is_good: bool | None
    sentence: str
    hint: str = ""


async def compared(
    address: str,
    transport: httpx.AsyncBaseTransport | None,
    judge: Callable[[Any], InterfaceCheck],
) -> InterfaceCheck:
    """What `judge` says of the JSON document at that address. Never raises for the network; a document that cannot be
    read is none that was compared.
    """
    try:
        async with open_http(transport, timeout=20.0) as client:
            answer = await client.get(address)
            answer.raise_for_status()
            return judge(answer.json())
    except BadEnvironment as exc:
        return InterfaceCheck(None, f"could not be compared: {exc.message}", str(exc.hint))
    except httpx.HTTPStatusError as exc:
        return InterfaceCheck(
            None, f"could not be compared (it answered {exc.response.status_code})"
        )
    except (httpx.HTTPError, ValueError, AttributeError, TypeError) as exc:
        return InterfaceCheck(None, f"could not be compared ({type(exc).__name__})")


@dataclass(frozen=True)
class PlaceAccess:
    """What a place is reached with. One object per folder below `providers/`."""

    open: Callable[[Opening], Provider]
    """Raises NotConfigured for an address or a key that cannot be one. Sends nothing."""
    open_folder: Callable[[str, str], Folder] | None = field(default=None, kw_only=True)
    """A results folder on one of the place's machines: which machine, and the path there."""
    open_dataset: Callable[[str, str], ReadableFolder] | None = field(default=None, kw_only=True)
    """The same for a folder that a person filled with a dataset."""
    check_interface: Callable[[str, httpx.AsyncBaseTransport | None], Awaitable[InterfaceCheck]]
    """Asks the address without a key whether the calls are still there. Never raises for the network."""
