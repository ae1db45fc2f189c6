"""What whoever has keys offers to those who follow and launch runs in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from launcher.stores.secrets import Keys

if TYPE_CHECKING:  # a form that starts has no key yet, and reaches nobody
    from launcher.services.common.workbench import Workbench


class Holder(Protocol):
    """Keys that somebody gave, and what was opened with them."""

    @property
    def bench(self) -> Workbench: ...

    def start(self, job: asyncio.Task[None]) -> None:
        """Do this with the keys, and end it when they go."""
        ...


class Holders(Protocol):
    @property
    def holders(self) -> Sequence[Holder]:
        """Each may have what a run is asked with: its workbench says."""
        ...

    def open_bench(self, keys: Keys) -> contextlib.AbstractAsyncContextManager[Workbench]:
        """A workbench apart, for a launch that holds its own lease."""
        ...
