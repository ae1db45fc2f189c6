"""The person's computers: what each keeps on its disk, its clock, and the commands at work on it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from launcher.config import Config
from launcher.stores.runs import RunHistory
from tests.kit.clocks import LoopClock
from tests.simulation.processes import Process


class Laptop(Process):
    """A computer, or one command at work on it. Dies at its `dies_at_call`-th request if told so."""

    def __init__(self, name: str, parent: Process | None = None, home: Home | None = None) -> None:
        super().__init__(name, parent)
        self.home = home
        self.calls = 0
        self.dies_at_call: tuple[int, str] | None = None
        self.knows: set[str] = set()
        """Ids of the pods that it looks after."""
        self.terminal: OSError | None = None
        """What writing to the person raises; None while somebody reads."""

    def is_calling(self, when: str) -> None:
        if self.has_to_die(when):
            self.die()

    def has_to_die(self, when: str) -> bool:
        """Whether it dies before, or after, the request that begins or has ended now."""
        self.calls += when == "before"
        return self.dies_at_call == (self.calls, when)


@dataclass
class Home:
    """One computer's disk and clock."""

    config: Config
    clock: LoopClock = field(default_factory=LoopClock)
    is_full: bool = False

    def __post_init__(self) -> None:
        self.config.make_folders()

    def keeps(self, history: RunHistory) -> None:
        """The history is on this disk, which may be full."""
        history._db = _OnDisk(history._db, self)  # type: ignore[assignment]  # stands in for the database


class _OnDisk:
    """A connection to a database on a disk that may be full: SQLite says so when something is written."""

    def __init__(self, connection: sqlite3.Connection, home: Home) -> None:
        self._connection, self._home = connection, home

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if self._home.is_full and statement.split()[0] in ("INSERT", "UPDATE", "DELETE", "BEGIN"):
            raise sqlite3.OperationalError("database or disk is full")
        return self._connection.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
