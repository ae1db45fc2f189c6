"""How a run lies in the history's file: the tables, one step per version of the file, and a row read as a run."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from launcher.domain.run import Run, RunState
from launcher.stores import labels
from launcher.stores.labels import labels_of_row
from pod_image.contract.outcomes import EndReason

MIGRATIONS = (
    """
    CREATE TABLE runs (
        nonce TEXT PRIMARY KEY, run_id TEXT NOT NULL, results_repo TEXT NOT NULL,
        attempt INTEGER NOT NULL, state TEXT NOT NULL, planned_at TEXT NOT NULL,
        pod_name TEXT NOT NULL, pod_id TEXT NOT NULL, price_per_hour_usd REAL NOT NULL,
        gpu_name TEXT NOT NULL, max_hours REAL NOT NULL, max_cost_usd REAL NOT NULL,
        created_at TEXT, armed_at TEXT, ended_at TEXT, deadline TEXT, end_reason TEXT,
        detail TEXT NOT NULL, cost_usd REAL, billed_usd REAL, provider_calls INTEGER NOT NULL,
        preset TEXT NOT NULL, settings_json TEXT NOT NULL, secret_names TEXT NOT NULL,
        log_cursor TEXT NOT NULL, last_seq INTEGER NOT NULL
    );
    CREATE INDEX runs_by_name ON runs (run_id, results_repo, attempt);
    CREATE TABLE moments (nonce TEXT, name TEXT, at TEXT NOT NULL, PRIMARY KEY (nonce, name));
    CREATE TABLE records (nonce TEXT, kind TEXT, document TEXT NOT NULL, PRIMARY KEY (nonce, kind));
    """,
    "ALTER TABLE runs ADD COLUMN account_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE runs ADD COLUMN not_delivered INTEGER",
    """
    ALTER TABLE runs ADD COLUMN is_from_repo INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN told_nonce TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN told_pod_id TEXT NOT NULL DEFAULT '';
    """,
    f"{labels.TABLE}; CREATE INDEX IF NOT EXISTS runs_by_age ON runs (planned_at)",
    "ALTER TABLE runs ADD COLUMN place TEXT NOT NULL DEFAULT 'runpod'",
)
"""One step per version of the file; a step is never changed once it was released."""

_MOMENTS = {"planned_at", "created_at", "armed_at", "ended_at", "deadline"}
COLUMNS = tuple(field.name for field in fields(Run) if field.name != "labels")
OF_RUN = "runs.*, labels.document AS labels"
FROM_RUNS = "FROM runs LEFT JOIN labels USING (results_repo, run_id)"
ROWS = f"SELECT {OF_RUN} {FROM_RUNS}"
"""Every run as `run_of_row` reads it; conditions come behind it."""


def stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, StrEnum):
        return value.value
    return json.dumps(value) if isinstance(value, tuple) else value


def run_of_row(row: sqlite3.Row) -> Run:
    """A row of `OF_RUN`."""
    values = {name: row[name] for name in COLUMNS}
    for name in _MOMENTS:
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    values["state"] = RunState(values["state"])
    values["end_reason"] = EndReason(values["end_reason"]) if values["end_reason"] else None
    values["secret_names"] = tuple(json.loads(values["secret_names"]))
    values["is_from_repo"] = bool(values["is_from_repo"])
    return Run(**values, labels=labels_of_row(row["labels"]))
