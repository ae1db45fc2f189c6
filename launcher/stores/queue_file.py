"""The file that the queue lives in: opened, migrated, read, and changed in one transaction at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from launcher.domain.queued import Account, EntryState, QueueEntry, Terms, Try
from launcher.errors import InvalidRequest, NotConfigured
from launcher.stores.private_file import make_private
from launcher.stores.sqlite_file import connected, migrate, transaction
from pod_image.contract.outcomes import EndReason

_MIGRATIONS = (
    """
    CREATE TABLE entries (
        number INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, document TEXT NOT NULL,
        results_repo TEXT NOT NULL, run_id TEXT NOT NULL, place TEXT NOT NULL, agreed_usd REAL NOT NULL,
        max_price_usd REAL, priority INTEGER NOT NULL, is_held INTEGER NOT NULL DEFAULT 0,
        most_tries INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, added_at TEXT NOT NULL,
        not_before TEXT, why TEXT NOT NULL DEFAULT '', claim TEXT NOT NULL DEFAULT '',
        worker TEXT NOT NULL DEFAULT '', lease_until TEXT
    );
    CREATE TABLE tries (
        id INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER NOT NULL, results_repo TEXT NOT NULL,
        run_id TEXT NOT NULL, place TEXT NOT NULL, reserved_usd REAL NOT NULL, began_at TEXT NOT NULL,
        nonce TEXT NOT NULL DEFAULT '', pod_name TEXT NOT NULL DEFAULT '', ended_at TEXT, end_reason TEXT,
        cost_usd REAL, is_counted INTEGER NOT NULL DEFAULT 1
    );
    CREATE INDEX tries_by_entry ON tries (entry);
    CREATE TABLE terms (
        one INTEGER PRIMARY KEY CHECK (one = 1), budget_usd REAL, at_most INTEGER NOT NULL, is_paused INTEGER NOT NULL
    );
    INSERT INTO terms VALUES (1, NULL, 1, 0);
    """,
)
"""One step per version of the file; a step is never changed once it was released."""


class QueueFile:
    """Reading it raises NotConfigured where that cannot be; so does changing it, and then nothing has changed."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file, readable by its owner alone. Raises NotConfigured when that cannot be."""
        self.path = path
        with self._troubles("opened"):
            make_private(path)
            self.db = connected(path)
            migrate(self.db, _MIGRATIONS, f"The queue at {path}")

    def close(self) -> None:
        self.db.close()

    def entries(self) -> list[QueueEntry]:
        """What lives, then what waits in the order in which it goes, then what is over."""
        with self._troubles("read"):
            rows = self.db.execute("SELECT * FROM entries").fetchall()
        return sorted((entry_of(row) for row in rows), key=lambda each: each.place_in_list)

    def entry(self, number: int) -> QueueEntry:
        """Raises InvalidRequest where there is none of that number."""
        with self._troubles("read"):
            return self.entry_inside(number)

    def tries(self) -> list[Try]:
        """Every pod that was ever paid for, the oldest first."""
        with self._troubles("read"):
            return [_try(row) for row in self.db.execute("SELECT * FROM tries ORDER BY id")]

    def tries_of(self, number: int) -> list[Try]:
        return [each for each in self.tries() if each.entry == number]

    def open_try(self, number: int) -> Try | None:
        """Its pod that may live now."""
        return next((each for each in self.tries_of(number) if each.is_open), None)

    def account(self) -> Account:
        return Account.of(self.tries())

    def terms(self) -> Terms:
        with self._troubles("read"):
            row = self.db.execute("SELECT * FROM terms").fetchone()
        return Terms(row["budget_usd"], row["at_most"], bool(row["is_paused"]))

    def entry_inside(self, number: int) -> QueueEntry:
        """The same inside a transaction."""
        found = self.entry_if_there(number)
        if found is None:
            raise InvalidRequest(f"The queue has no entry {number}.", hint="See the list first.")
        return found

    def entry_if_there(self, number: int) -> QueueEntry | None:
        """The same inside a transaction; None for one that was removed."""
        row = self.db.execute("SELECT * FROM entries WHERE number = ?", (number,)).fetchone()
        return entry_of(row) if row is not None else None

    def change(self, number: int, **changes: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in changes)
        values = [stored(value) for value in changes.values()]
        self.db.execute(f"UPDATE entries SET {names} WHERE number = ?", [*values, number])

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._troubles("written"), transaction(self.db):
            yield

    @contextmanager
    def _troubles(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as exc:
            raise NotConfigured(
                f"The queue at {self.path} cannot be {what}: {exc}.",
                hint="Make room on that disk, or set LAUNCHER_HOME to a folder that can be written.",
            ) from exc


def moment_text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None


def stored(value: Any) -> Any:
    return moment_text(value) if isinstance(value, datetime) else value


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _needed(text: str) -> datetime:
    return datetime.fromisoformat(text)


def entry_of(row: sqlite3.Row) -> QueueEntry:
    values = {name: row[name] for name in row.keys()}  # noqa: SIM118  # a row iterates over its values
    return QueueEntry(
        **{
            **values,
            "state": EntryState(values["state"]),
            "document": json.loads(values["document"]),
            "is_held": bool(values["is_held"]),
            "added_at": _needed(values["added_at"]),
            "not_before": _moment(values["not_before"]),
            "lease_until": _moment(values["lease_until"]),
        }
    )


def _try(row: sqlite3.Row) -> Try:
    values = {name: row[name] for name in row.keys()}  # noqa: SIM118
    reason = values["end_reason"]
    return Try(
        **{
            **values,
            "began_at": _needed(values["began_at"]),
            "ended_at": _moment(values["ended_at"]),
            "end_reason": EndReason(reason) if reason else None,
            "is_counted": bool(values["is_counted"]),
        }
    )
