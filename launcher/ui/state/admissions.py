"""Which tab may use another tab's keys: it asks, the person allows it there, and a secret that works once admits it.

The cookie alone admits nobody: whoever holds it may ask, but neither the question nor the answer goes by this server.
Both go from tab to tab within one browser, and the answer counts from the tab that asked, at once, and only while
the tab that allowed it is open and has the keys. The keys themselves never leave this process.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from launcher.ui.state.vault import Vault

ASK_SECONDS = 120.0
GRANT_SECONDS = 10.0
UNHEARD_SECONDS = 4.0
"""After which a question that no tab has heard is one that no tab will hear."""
MOST_ASKS = 20
"""Open at once; the oldest goes. A person has no more tabs that wait, and a program shall fill no memory."""


class Standing(StrEnum):
    """What became of a tab's question."""

    NONE = "none"
    WAITING = "waiting"
    ALLOWED = "allowed"
    REFUSED = "refused"
    LATE = "late"


_OPEN = (Standing.WAITING, Standing.ALLOWED)


@dataclass
class Ask:
    """A question of one tab. `number` goes from tab to tab; `shows` tells the person which tab it is."""

    number: str
    tab: str
    shows: str
    until: float
    heard_by: set[str] = field(default_factory=set)
    standing: Standing = Standing.WAITING


@dataclass(frozen=True)
class _Grant:
    holder: str
    tab: str
    until: float


class Admissions:
    """Questions and grants of this process. A tab's name never goes to another tab."""

    def __init__(self, vault: Vault, seconds: Callable[[], float] = time.monotonic) -> None:
        self._vault = vault
        self._seconds = seconds
        self._asks: dict[str, Ask] = {}
        self._grants: dict[bytes, _Grant] = {}

    def ask(self, tab: str, shows: str) -> str:
        """The number of a new question of the tab; one that it had asked before is withdrawn."""
        self.withdraw(tab)
        while len(self._asks) >= MOST_ASKS:
            self._asks.pop(next(iter(self._asks)))
        number = secrets.token_urlsafe(24)
        self._asks[number] = Ask(number, tab, shows, self._seconds() + ASK_SECONDS)
        return number

    def withdraw(self, tab: str) -> None:
        self._asks = {number: ask for number, ask in self._asks.items() if ask.tab != tab}
        self._grants = {mark: grant for mark, grant in self._grants.items() if grant.tab != tab}

    def question(self, tab: str) -> Ask | None:
        """The tab's question, with what became of it by now."""
        found = next((ask for ask in self._asks.values() if ask.tab == tab), None)
        if found is not None and found.standing in _OPEN and self._is_late(found):
            found.standing = Standing.LATE
        return found

    def is_unheard(self, ask: Ask) -> bool:
        """Whether no tab with keys is there that could answer."""
        asked_at = ask.until - ASK_SECONDS
        is_open = ask.standing is Standing.WAITING and not ask.heard_by
        return is_open and self._seconds() - asked_at >= UNHEARD_SECONDS

    def hear(self, holder: str, number: str) -> None:
        """A tab that has keys was told the number by the tab that asks."""
        ask = self._asks.get(number)
        if ask is not None and ask.tab != holder and self._vault.held(holder):
            ask.heard_by.add(holder)

    def waiting_at(self, holder: str) -> list[Ask]:
        """Questions that the holder's person may answer now, the oldest first."""
        return [ask for ask in self._asks.values() if self._may_answer(holder, ask)]

    def allow(self, holder: str, number: str) -> str | None:
        """The secret that admits the tab that asked, for its own tab to show. None where there is none."""
        ask = self._asks.get(number)
        if ask is None or not self._may_answer(holder, ask):
            return None
        ask.standing = Standing.ALLOWED
        ask.until = self._seconds() + GRANT_SECONDS
        grant = secrets.token_urlsafe(32)
        self._grants[_mark(grant)] = _Grant(holder, ask.tab, ask.until)
        return grant

    def refuse(self, holder: str, number: str) -> None:
        ask = self._asks.get(number)
        if ask is not None and self._may_answer(holder, ask):
            ask.standing = Standing.REFUSED

    def redeem(self, tab: str, grant: str) -> bool:
        """Whether the tab has the keys from now on. A grant is spent by being shown, whoever shows it."""
        found = self._grants.pop(_mark(grant), None)
        is_good = (
            found is not None
            and found.tab == tab
            and self._seconds() < found.until
            and self._vault.is_open(tab)
            and self._vault.is_open(found.holder)
            and self._vault.share(found.holder, tab)
        )
        if is_good:
            self.withdraw(tab)
        elif (ask := self.question(tab)) is not None:
            ask.standing = Standing.LATE
        return is_good

    def _may_answer(self, holder: str, ask: Ask) -> bool:
        return (
            ask.standing is Standing.WAITING
            and holder in ask.heard_by
            and not self._is_late(ask)
            and self._vault.is_open(ask.tab)
            and bool(self._vault.held(holder))
            and not self._vault.held(ask.tab)
        )

    def _is_late(self, ask: Ask) -> bool:
        return self._seconds() >= ask.until


def _mark(grant: str) -> bytes:
    """What a grant is found by: comparing it takes the same time whatever was guessed."""
    return hashlib.sha256(grant.encode()).digest()
