"""The history of runs on this machine, in SQLite. Holds no secret; knows no provider and no clock.

It is a cache of what pods and results repos know: what cannot be written is held in memory, said once, and stops
nothing that goes on. What cannot be read is an error only for whoever asks for it.
"""

from __future__ import annotations

import difflib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from launcher.domain.run import Run
from launcher.domain.run_address import run_address
from launcher.errors import InvalidRequest, NotConfigured
from launcher.stores.labels import WITH_TAG, LabelBook, searched_tag
from launcher.stores.private_file import make_private
from launcher.stores.run_list import RunList
from launcher.stores.run_rows import (
    COLUMNS,
    FROM_RUNS,
    MIGRATIONS,
    OF_RUN,
    ROWS,
    run_of_row,
    stored,
)
from launcher.stores.sqlite_file import connected, migrate, transaction
from pod_image.contract.next_steps import NextStep, Said, Sentence

BUSY_SECONDS_IN_TROUBLE = 0.05
"""Once a write has failed: whoever waits here for every word of a pod keeps nobody's money from running."""


class RecordKind(StrEnum):
    """Documents kept beside a run."""

    ENDED = "ended"
    """The pod's last event, as JSON."""
    ESTIMATE = "estimate"
    """What the plan expected: hours, cost, worst case."""
    BROUGHT = "brought"
    """The hash of the list of files that went along with it."""
    TOLD_BY_POD = "told_by_pod"
    """Marks of the addresses that its pod tells at. No address."""
    MACHINE = "machine"
    """What is known of the host: where it stands, and how GPU, disk and network did when they were tried."""
    SCORE = "score"
    """Of the best checkpoint so far; empty where the run is over and has none."""
    WATCHED = "watched"
    """It is of several pods, and was watched on this computer: they go when nobody here does so any more."""
    SAMPLE = "sample"
    """The newest sample that can be played; the same."""


@dataclass
class _Held:
    """A run as it should stand in the file, which could not be written. `changes`: what is missing there."""

    run: Run
    changes: dict[str, Any]
    is_new: bool


class RunHistory:
    """Runs, newest first. Each change is on disk when the call returns, and names only what changes, so that
    two processes that follow one run do not undo each other.

    A change that cannot be written raises nothing: it is held, goes in with the next one that can be, and
    `on_trouble` is told of the first. Reading lists and single runs by name raises NotConfigured instead.
    """

    def __init__(self, path: Path) -> None:
        """Opens or makes the file, readable by its owner alone. Raises NotConfigured when that cannot be."""
        self._begin(path)
        try:
            make_private(path)
            self._open(str(path))
        except (OSError, sqlite3.Error) as exc:
            raise NotConfigured(
                f"The history of runs at {path} cannot be opened: {exc}.",
                hint="Move the file away, or set LAUNCHER_HOME to a folder that you can write to.",
            ) from exc

    @classmethod
    def empty(cls, path: Path, trouble: str) -> RunHistory:
        """One that knows nothing and forgets everything, for what has to go on although the file cannot be opened."""
        history = cls.__new__(cls)
        history._begin(path, trouble)
        history._open(":memory:")
        return history

    def _begin(self, path: Path, trouble: str = "") -> None:
        self.path = path
        self.trouble = trouble
        """Why the file could not be written or read, the first time; else ""."""
        self.on_trouble: Callable[[str], None] | None = None
        self._held: dict[str, _Held] = {}
        self._marked: set[tuple[str, str]] = set()
        """Moments that are known to be in the file: most are told with every step."""
        self._live: dict[str, tuple[tuple[Any, ...], Run]] = {}
        """Runs that lived when they were read last, each with its row."""

    def _open(self, name: str) -> None:
        self._db = connected(name)
        self.labels = LabelBook(
            self._db, self.path.with_name("labels"), lambda: transaction(self._db)
        )
        self.list = RunList(self._db, OF_RUN, self._now, self._reading)
        what = f"The history of runs at {self.path}"
        migrate(self._db, MIGRATIONS, what, self.labels.restore)

    def close(self) -> None:
        self._db.close()

    def add(self, run: Run) -> None:
        """A new attempt. Raises sqlite3.IntegrityError for a nonce that is there already."""
        try:
            self._insert(run)
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as exc:
            self._held[run.nonce] = _Held(run, {}, is_new=True)
            self._note_trouble(exc)

    def put(self, run: Run) -> Run:
        """The run as it is, whether the history has it or not; returns it as it is there now."""
        if self.by_nonce(run.nonce) is None:
            with suppress(sqlite3.IntegrityError):  # another process was quicker
                self.add(run)
                return run
        values = {name: getattr(run, name) for name in COLUMNS if name != "nonce"}
        return self.update(run, **values)

    def update(self, run: Run, **changes: Any) -> Run:
        """Change these fields of the run, whatever else has changed since; returns it as it is now."""
        unknown = changes.keys() - set(COLUMNS) | changes.keys() & {"nonce"}
        if unknown:
            raise TypeError(f"a run has no such field to change: {', '.join(sorted(unknown))}")
        held = self._held.get(run.nonce)
        wanted = {**(held.changes if held else {}), **changes}
        as_wanted = replace(held.run if held else run, **changes)
        is_new = held is not None and held.is_new
        try:
            if is_new:
                self._insert(as_wanted)
            elif wanted:
                names = ", ".join(f"{name} = ?" for name in wanted)
                values = [stored(value) for value in wanted.values()]
                self._db.execute(f"UPDATE runs SET {names} WHERE nonce = ?", [*values, run.nonce])
            found = self._row(run.nonce)
        except sqlite3.Error as exc:
            self._held[run.nonce] = _Held(as_wanted, wanted, is_new)
            self._note_trouble(exc)
            return as_wanted
        self._held.pop(run.nonce, None)
        return found or run

    def delete(self, run: Run) -> None:
        """Forget an ended run. Raises InvalidRequest for one that may have a pod: its record is what ends it."""
        now = self.by_nonce(run.nonce)
        if now is not None and now.state.may_have_pod and not now.is_from_repo:
            raise InvalidRequest(
                f"Run {run.run_id} may still have a pod.",
                hint=Sentence(NextStep.ABORT_RUN.of(run.run_id)),
            )
        self._marked = {each for each in self._marked if each[0] != run.nonce}
        with transaction(self._db):
            for table in ("runs", "moments", "records"):
                self._db.execute(f"DELETE FROM {table} WHERE nonce = ?", (run.nonce,))
            if not self.attempts(run.results_repo, run.run_id):
                self.labels.forget(run.results_repo, run.run_id)

    def runs(self, limit: int = 1000, tag: str = "") -> list[Run]:
        """The newest, with that tag where one is named."""
        order = "ORDER BY planned_at DESC, runs.rowid DESC LIMIT ?"
        if not tag:
            return self._select(f"1 = 1 {order}", limit)
        return self._select(f"{WITH_TAG} {order}", searched_tag(tag), limit)

    def attempts(self, results_repo: str, run_id: str) -> list[Run]:
        """Every attempt at one run, newest first."""
        return self._select(
            "results_repo = ? AND run_id = ? ORDER BY attempt DESC, runs.rowid DESC",
            results_repo,
            run_id,
        )

    def live(self) -> list[Run]:
        """Runs that may have a pod that costs money, as far as this computer or a pod itself says so."""
        rows = self._rows_of(
            "state NOT IN ('planned', 'ended') AND NOT is_from_repo ORDER BY planned_at DESC, runs.rowid DESC"
        )
        # Asked for every second: of a hundred runs hardly one has changed since.
        before = self._live
        self._live = {
            row["nonce"]: before[row["nonce"]]
            if row["nonce"] in before and before[row["nonce"]][0] == tuple(row)
            else (tuple(row), run_of_row(row))
            for row in rows
        }
        found = [
            self._held[nonce].run if nonce in self._held else run
            for nonce, (_, run) in self._live.items()
        ]
        # What could not be written of them may say that they are over.
        return [run for run in found if run.state.may_have_pod]

    def by_nonce(self, nonce: str) -> Run | None:
        """The attempt, as far as it is known; None also where the file cannot be read."""
        held = self._held.get(nonce)
        if held is not None:
            return held.run
        try:
            return self._row(nonce)
        except sqlite3.Error as exc:
            self._note_trouble(exc)
            return None

    def shared_ids(self) -> set[str]:
        """Run ids that more than one results repo has a run of; none where that cannot be read."""
        rows: list[sqlite3.Row] = []
        with self._troubles():
            rows = self._db.execute(
                "SELECT run_id FROM runs GROUP BY run_id HAVING COUNT(DISTINCT results_repo) > 1"
            ).fetchall()
        return {row["run_id"] for row in rows}

    def get(self, key: str) -> Run:
        """The newest attempt of `run-01` or `me/voice/run-01`; a pod's id will do as well.

        Raises InvalidRequest when there is none, or when two results repos have a run of that id.
        """
        address = run_address(key)
        run_id, repo = (address.run_id, address.repo) if address else (key, "")
        found = self._select(
            "(run_id = ? AND (? = '' OR results_repo = ?)) OR (pod_id = ? AND pod_id != '') "
            "ORDER BY planned_at DESC, runs.rowid DESC",
            run_id,
            repo,
            repo,
            key,
        )
        if not found:
            raise InvalidRequest(
                f"There is no run {key!r} in the history.", hint=self._nearest(key)
            )
        repos = {run.results_repo for run in found}
        if len(repos) > 1:
            names = ", ".join(sorted({run.address for run in found}))
            raise InvalidRequest(
                f"More than one results repo has a run {key!r}.", hint=f"Choose one of: {names}"
            )
        return found[0]

    def chosen(self, key: str) -> Run:
        """What `get` finds; without a key the newest run, one that is known from a repo alone only where there is no
        other. Raises InvalidRequest."""
        if key:
            return self.get(key)
        newest = self._select(
            "1 = 1 ORDER BY is_from_repo, planned_at DESC, runs.rowid DESC LIMIT ?", 1
        )
        if not newest:
            raise InvalidRequest(
                "There are no runs yet.",
                hint=Sentence(NextStep.START_RUN, " starts one."),
            )
        return newest[0]

    def mark(self, run: Run, moment: str, at: datetime) -> None:
        """Remember when something first happened; later ones of the same name change nothing."""
        if (run.nonce, moment) in self._marked:
            return
        with self._troubles():
            self._db.execute(
                "INSERT OR IGNORE INTO moments VALUES (?, ?, ?)", (run.nonce, moment, stored(at))
            )
            self._marked.add((run.nonce, moment))

    def moments(self, run: Run) -> dict[str, datetime]:
        """The time line of a run. Planning comes first whatever its time says: that is this machine's clock."""
        rows: list[sqlite3.Row] = []
        with self._troubles():
            rows = self._db.execute(
                "SELECT name, at FROM moments WHERE nonce = ? ORDER BY name != 'planned', at",
                (run.nonce,),
            ).fetchall()
        return {row["name"]: datetime.fromisoformat(row["at"]) for row in rows}

    def keep(self, run: Run, kind: RecordKind, document: Mapping[str, Any]) -> None:
        """Keep one document of that kind beside the run, in place of an earlier one."""
        text = json.dumps(document, ensure_ascii=False)
        with self._troubles():
            self._db.execute(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (run.nonce, kind.value, text)
            )

    def kept(self, run: Run, kind: RecordKind) -> dict[str, Any] | None:
        row = None
        with self._troubles():
            row = self._db.execute(
                "SELECT document FROM records WHERE nonce = ? AND kind = ?", (run.nonce, kind.value)
            ).fetchone()
        document: dict[str, Any] | None = json.loads(row["document"]) if row else None
        return document

    def all_kept(self, kind: RecordKind) -> list[tuple[Run, dict[str, Any]]]:
        """Every run that has a document of that kind, newest first, with it; none that is known from a repo alone."""
        rows: list[sqlite3.Row] = []
        with self._troubles():
            rows = self._db.execute(
                f"SELECT {OF_RUN}, records.document AS document {FROM_RUNS} JOIN records USING (nonce) "
                "WHERE records.kind = ? AND NOT runs.is_from_repo ORDER BY runs.planned_at DESC",
                (kind.value,),
            ).fetchall()
        return [(run_of_row(row), json.loads(row["document"])) for row in rows]

    def _select(self, condition: str, *values: Any) -> list[Run]:
        return [self._now(row) for row in self._rows_of(condition, *values)]

    def _rows_of(self, condition: str, *values: Any) -> list[sqlite3.Row]:
        with self._reading():
            return self._db.execute(f"{ROWS} WHERE {condition}", values).fetchall()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise NotConfigured(
                f"The history of runs at {self.path} cannot be read: {exc}.",
                hint=Sentence(
                    "Try again, or move the file away; pods are found without it, by ",
                    NextStep.LOOK_FOR_PODS,
                    ".",
                ),
            ) from exc

    def _now(self, row: sqlite3.Row) -> Run:
        """The run of a row, with what could not be written of it."""
        held = self._held.get(row["nonce"])
        return run_of_row(row) if held is None else held.run

    def _row(self, nonce: str) -> Run | None:
        row = self._db.execute(f"{ROWS} WHERE nonce = ?", (nonce,)).fetchone()
        return run_of_row(row) if row else None

    def _insert(self, run: Run) -> None:
        names = ", ".join(COLUMNS)
        marks = ", ".join("?" for _ in COLUMNS)
        values = [stored(getattr(run, name)) for name in COLUMNS]
        self._db.execute(f"INSERT INTO runs ({names}) VALUES ({marks})", values)

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            self._note_trouble(exc)

    def _note_trouble(self, exc: sqlite3.Error) -> None:
        if self.trouble:
            return
        self.trouble = (
            f"The history of runs at {self.path} cannot be saved: {exc}. Running work continues; the pod "
            f"and the results repo have what is missing there."
        )
        with suppress(sqlite3.Error):
            self._db.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS_IN_TROUBLE * 1000:.0f}")
        if self.on_trouble is not None:
            self.on_trouble(self.trouble)

    def _nearest(self, key: str) -> Said:
        names = sorted({run.run_id for run in self.runs()})
        near = difflib.get_close_matches(key.rpartition("/")[2].partition("@")[0], names, n=3)
        if near:
            return f"Nearest: {', '.join(near)}."
        return Sentence(NextStep.LIST_RUNS, " lists what there is.")
