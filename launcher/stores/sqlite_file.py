"""Our SQLite files: how one is opened, changed in one transaction at a time, and brought to the version of today."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from launcher.errors import NotConfigured

BUSY_SECONDS = 10.0
"""How long another process of ours may hold the file."""


def connected(path: Path | str) -> sqlite3.Connection:
    """The file, or `:memory:`; what is written is on disk when the call returns. Raises sqlite3.Error."""
    db = sqlite3.connect(
        str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    with _closed_on_error(db):
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
    return db


def migrate(
    db: sqlite3.Connection,
    steps: Sequence[str],
    what: str,
    after: Callable[[], None] = lambda: None,
) -> None:
    """Take the steps that the file has not seen, then `after`, all in one transaction; the file is closed on an error.

    `what` is the file, as a sentence begins. Raises NotConfigured for one that a newer launcher wrote.
    """
    with _closed_on_error(db):
        if _version(db) == len(steps):
            return  # nothing is written, so that it can be read while another program holds it
        with transaction(db):
            version = _version(db)
            if version > len(steps):
                raise NotConfigured(
                    f"{what} was written by a newer launcher.",
                    hint="Update this one: pip install -U pod-launcher",
                )
            for step in steps[version:]:
                for statement in step.split(";"):
                    db.execute(statement)
            if version < len(steps):  # else another process was quicker
                after()
            db.execute(f"PRAGMA user_version = {len(steps)}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:  # a full disk has rolled it back already
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _closed_on_error(db: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        db.close()
        raise
