"""A workbench for each set of keys that some tab holds; closed when no tab holds it any more."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic import SecretStr

from launcher.stores.secrets import NOTIFY, KeyName, Keys, KeySource, NamedSecret
from launcher.ui.state.told_here import ToldHere
from launcher.ui.state.vault import Vault

if TYPE_CHECKING:
    from launcher.services.common.workbench import Workbench

OpenBench = Callable[[Keys], AbstractAsyncContextManager["Workbench"]]


@dataclass
class Session:
    """Keys and what was opened with them. `jobs` are cancelled when it closes."""

    keys: Keys
    bench: Workbench
    mark: str
    stack: AsyncExitStack = field(repr=False)
    jobs: set[asyncio.Task[None]] = field(default_factory=set, repr=False)
    users: int = 0

    def start(self, job: asyncio.Task[None]) -> None:
        self.jobs.add(job)
        job.add_done_callback(self.jobs.discard)


class Sessions:
    """Tabs with equal keys share one session, and so one list call and one log stream per run."""

    def __init__(self, vault: Vault, open_bench: OpenBench) -> None:
        self._vault = vault
        self._open_bench = open_bench
        self._salt = secrets.token_bytes(32)
        self._sessions: dict[str, Session] = {}
        self._tabs: dict[str, str] = {}
        self._opening = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self.when_opened: list[Callable[[Session], None]] = []
        self.preferred_addresses: Callable[[], str] = lambda: ""
        """Addresses without a secret that a person is told at, whatever their tab holds."""
        self.told: ToldHere | None = None
        """Hears what is told of any run, through whichever keys."""
        vault.when_changed.append(self._keys_changed)

    def keys_of(self, tab: str) -> Keys:
        keys = Keys()
        for name, secret in self._vault.held(tab).items():
            named = NamedSecret.of(name)
            if name == NOTIFY.value:
                continue
            if named is None:
                keys = keys.with_given(KeyName(name), secret)
            else:
                keys = keys.with_named(named.name, secret, KeySource.GIVEN)
        return replace(keys, notify=self._addresses(tab))

    def _addresses(self, tab: str) -> SecretStr | None:
        """Where its person is told: what the tab holds, and what is preferred."""
        held = self._vault.get(tab, NOTIFY.value)
        texts = [held.get_secret_value() if held is not None else "", self.preferred_addresses()]
        return SecretStr(" ".join(texts).strip()) if any(texts) else None

    async def of(self, tab: str) -> Session:
        """The session of the tab's keys, opened if need be; also for a tab without keys."""
        keys = self.keys_of(tab)
        mark = self._mark(keys)
        async with self._opening:
            session = self._sessions.get(mark)
            if session is None:
                stack = AsyncExitStack()
                bench = await stack.enter_async_context(self.open_bench(keys))
                session = self._sessions[mark] = Session(keys, bench, mark, stack)
                for hear in self.when_opened:
                    hear(session)
        self._tabs[tab] = mark
        return session

    @asynccontextmanager
    async def open_bench(self, keys: Keys) -> AsyncIterator[Workbench]:
        """A workbench apart from any tab, for a launch that holds its own lease."""
        async with self._open_bench(keys) as bench:
            if self.told is not None:
                bench.teller.listeners.append(self.told.hear)
                bench.teller.on_trouble = self.told.hear_trouble
            yield bench

    @property
    def holders(self) -> list[Session]:
        """Who may have what a run is asked with: machines of a person's own need no key at all."""
        return [*self._sessions.values()]

    @property
    def any_with_upload(self) -> Session | None:
        """A session whose token may read the results."""
        held = [one for one in self._sessions.values() if one.keys.hf_upload is not None]
        return held[-1] if held else None

    @property
    def any_reader(self) -> Session | None:
        """The same; where nobody gave one, any: what is public may be read by everybody."""
        return self.any_with_upload or next(iter(self._sessions.values()), None)

    async def close(self) -> None:
        for session in list(self._sessions.values()):
            await self._close(session)
        if self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    def _keys_changed(self, tab: str) -> None:
        if not self._vault.held(tab):
            self._tabs.pop(tab, None)
        elif tab in self._tabs:
            self._tabs[tab] = self._mark(self.keys_of(tab))
        wanted = set(self._tabs.values())
        for session in [one for one in self._sessions.values() if one.mark not in wanted]:
            task = asyncio.ensure_future(self._close(session))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _close(self, session: Session) -> None:
        self._sessions.pop(session.mark, None)
        for job in list(session.jobs):
            job.cancel()
        if session.jobs:
            await asyncio.gather(*session.jobs, return_exceptions=True)
        await session.stack.aclose()

    def _mark(self, keys: Keys) -> str:
        """Tells sets of keys apart without being one: salted, and the salt lives as long as the process."""
        digest = hmac.new(self._salt, digestmod=hashlib.sha256)
        for name in KeyName:
            secret = keys.get(name)
            digest.update(b"\0" if secret is None else b"\1" + secret.get_secret_value().encode())
        for own, secret in sorted(keys.named.items(), key=lambda item: item[0]):
            digest.update(f"\2{own}\3{secret.get_secret_value()}".encode())
        digest.update(b"\4" + (keys.notify.get_secret_value().encode() if keys.notify else b""))
        return digest.hexdigest()
