"""Keys of the open tabs, in the memory of this process alone. Nothing here is written anywhere.

A tab has its keys while it is open and `grace_seconds` longer (a reload takes a moment). Tabs may share keys: each
loses them by itself when it closes, and they are dropped with the last. A launch under way holds a lease of its own.
Dropping a key frees it; Python cannot promise to overwrite it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from pydantic import SecretStr

GRACE_SECONDS = 10.0


class Timer(Protocol):
    def cancel(self) -> object: ...


Schedule = Callable[[float, Callable[[], None]], Timer]


def _on_the_loop(seconds: float, call: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, call)


class Vault:
    """Keys by tab and name. `when_changed` hears the tab after each change."""

    def __init__(
        self, grace_seconds: float = GRACE_SECONDS, schedule: Schedule = _on_the_loop
    ) -> None:
        self.grace_seconds = grace_seconds
        self.when_changed: list[Callable[[str], None]] = []
        self._schedule = schedule
        self._keys: dict[str, dict[str, SecretStr]] = {}
        """Tabs that share have the same dictionary here, and the same set below."""
        self._sharing: dict[str, set[str]] = {}
        self._connections: dict[str, set[str]] = {}
        self._drops: dict[str, Timer] = {}
        self._leases: list[dict[str, SecretStr]] = []

    def __repr__(self) -> str:
        return f"Vault({len(self._keys)} tabs, {len(self._leases)} leases)"

    def put(self, tab: str, name: str, secret: SecretStr) -> None:
        self._keys.setdefault(tab, {})[name] = secret
        self._drop_later(tab)
        self._tell(tab)

    def get(self, tab: str, name: str) -> SecretStr | None:
        return self._keys.get(tab, {}).get(name)

    def held(self, tab: str) -> dict[str, SecretStr]:
        """A copy of the tab's keys by name."""
        return dict(self._keys.get(tab, {}))

    def share(self, tab: str, other: str) -> bool:
        """Let the other tab have the same keys from now on. False, and nothing done, where it has some of its own.

        Whether the person wants that is settled before.
        """
        if not self.held(tab) or self.held(other) or tab == other:
            return False
        tabs = self._sharing.setdefault(tab, {tab})
        tabs.add(other)
        self._sharing[other] = tabs
        self._keys[other] = self._keys[tab]
        self._drop_later(other)
        self._tell(tab)
        return True

    def sharing(self, tab: str) -> set[str]:
        """The tabs that have the same keys, itself among them."""
        return set(self._sharing.get(tab, {tab}))

    def is_open(self, tab: str) -> bool:
        """Whether a page of the tab is there at this moment."""
        return tab in self._connections

    def forget(self, tab: str, name: str) -> None:
        """For every tab that shares it. With the last key the sharing ends, too: what comes next is asked for anew."""
        tabs = self.sharing(tab)
        keys = self._keys.get(tab, {})
        keys.pop(name, None)
        if not keys:
            for each in tabs:
                self._leave(each)
        self._tell_each(tabs)

    def clear(self) -> None:
        """Drop everything, leases too: the program ends."""
        for timer in self._drops.values():
            timer.cancel()
        self._drops.clear()
        self._keys.clear()
        self._sharing.clear()
        self._leases.clear()

    def connected(self, tab: str, connection: str) -> None:
        """A page of the tab is there (again)."""
        self._connections.setdefault(tab, set()).add(connection)
        timer = self._drops.pop(tab, None)
        if timer is not None:
            timer.cancel()

    def disconnected(self, tab: str, connection: str) -> None:
        """A page of the tab went; with the last one the tab's keys go after the grace time."""
        connections = self._connections.get(tab, set())
        connections.discard(connection)
        if not connections:
            self._connections.pop(tab, None)
            self._drop_later(tab)

    @contextmanager
    def lease(self, keys: dict[str, SecretStr]) -> Iterator[dict[str, SecretStr]]:
        """Keys for as long as the block runs, whatever happens to their tab."""
        held = dict(keys)
        self._leases.append(held)
        try:
            yield held
        finally:
            self._leases = [one for one in self._leases if one is not held]
            held.clear()

    @property
    def leases(self) -> int:
        return len(self._leases)

    def _drop_later(self, tab: str) -> None:
        if tab in self._keys and tab not in self._connections and tab not in self._drops:
            self._drops[tab] = self._schedule(self.grace_seconds, lambda: self._drop(tab))

    def _drop(self, tab: str) -> None:
        self._drops.pop(tab, None)
        if self._leave(tab):
            self._tell_each({tab})

    def _leave(self, tab: str) -> bool:
        """The tab has no keys any more; those that share them keep them."""
        self._sharing.pop(tab, set()).discard(tab)
        return self._keys.pop(tab, None) is not None

    def _tell(self, tab: str) -> None:
        self._tell_each(self.sharing(tab))

    def _tell_each(self, tabs: set[str]) -> None:
        for tab in tabs:
            for hear in list(self.when_changed):
                hear(tab)
