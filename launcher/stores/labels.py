"""Names, notes and tags of runs on this computer: in the history, where lists read them, and in a small file each
until the results repo has them too, so that a history which is lost loses none.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from launcher.domain.labels import MOST_BYTES, NO_LABELS, LabelName, Labels
from launcher.errors import NotConfigured
from pod_image.contract.whole_file import write_whole

TABLE = """
    CREATE TABLE IF NOT EXISTS labels (
        results_repo TEXT NOT NULL, run_id TEXT NOT NULL, name TEXT NOT NULL, notes TEXT NOT NULL,
        tags TEXT NOT NULL, document TEXT NOT NULL, sent_at TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (results_repo, run_id)
    )
"""
"""`tags` for searching: in small letters, each between commas; `document` is what the others are made of."""
WITH_TAG = "instr(coalesce(labels.tags, ''), ?) > 0"
"""Holds of the rows with a `searched_tag`."""
_MOST_FILE_BYTES = MOST_BYTES + 4_096


@dataclass(frozen=True)
class Unsent:
    """What the results repo does not have yet, as far as this computer knows."""

    results_repo: str
    run_id: str
    labels: Labels


class LabelBook:
    """Of every run, by its repo and run id: attempts share them. Changing raises NotConfigured where nothing can be
    kept; then nothing has changed."""

    def __init__(
        self,
        db: sqlite3.Connection,
        folder: Path,
        transaction: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._db, self._folder, self._transaction = db, folder, transaction

    def of(self, results_repo: str, run_id: str) -> Labels:
        """None of them for a run that has none."""
        row = self._db.execute(
            "SELECT document FROM labels WHERE results_repo = ? AND run_id = ?",
            (results_repo, run_id),
        ).fetchone()
        return labels_of_row(row[0] if row else None)

    def change(
        self, results_repo: str, run_id: str, typed: Mapping[LabelName, str], at: datetime
    ) -> Labels:
        """Keep what a person typed, on disk when the call returns; what nobody touched stays. Raises InvalidRequest."""
        with self._keeping(), self._transaction():
            known = self.of(results_repo, run_id)
            now = known.changed(typed, at)
            if now != known:
                self._write(results_repo, run_id, now)
                self._owe(Unsent(results_repo, run_id, now))
        return now

    def take_in(self, results_repo: str, run_id: str, found: Labels) -> tuple[Labels, Labels]:
        """Put together with what another computer has written; before and after."""
        if found == NO_LABELS:
            with self._keeping():
                known = self.of(results_repo, run_id)
            return known, known
        with self._keeping(), self._transaction():
            known = self.of(results_repo, run_id)
            now = known.merged(found)
            if now != known:
                self._write(results_repo, run_id, now)
            owed = self._owed(self._path(results_repo, run_id))
            if owed is not None and now.merged(owed.labels) == found:
                self._settle(results_repo, run_id)
        return known, now

    def unsent(self) -> list[Unsent]:
        """What is still to be sent. A file that cannot be read is none."""
        found = [self._owed(path) for path in sorted(self._folder.glob("*.json"))]
        return [each for each in found if each is not None]

    def is_unsent(self, results_repo: str, run_id: str) -> bool:
        return self._path(results_repo, run_id).exists()

    def sent_at(self, results_repo: str, run_id: str) -> datetime | None:
        """When this computer last wrote the run's labels into its repo."""
        row = self._db.execute(
            "SELECT sent_at FROM labels WHERE results_repo = ? AND run_id = ?",
            (results_repo, run_id),
        ).fetchone()
        return datetime.fromisoformat(row[0]) if row and row[0] else None

    def settle(
        self, results_repo: str, run_id: str, sent: Labels, at: datetime | None = None
    ) -> None:
        """The repo has these, written there by us `at`; what was typed since stays to be sent."""
        with self._keeping(), self._transaction():
            if at is not None:
                self._db.execute(
                    "UPDATE labels SET sent_at = ? WHERE results_repo = ? AND run_id = ?",
                    (at.astimezone(UTC).isoformat(), results_repo, run_id),
                )
            if self.of(results_repo, run_id).merged(sent) == sent:
                self._settle(results_repo, run_id)

    def restore(self) -> None:
        """Into a history that was just made: what was not sent yet when an earlier one was lost."""
        for each in self.unsent():
            known = self.of(each.results_repo, each.run_id)
            self._write(each.results_repo, each.run_id, known.merged(each.labels))

    def forget(self, results_repo: str, run_id: str) -> None:
        self._db.execute(
            "DELETE FROM labels WHERE results_repo = ? AND run_id = ?", (results_repo, run_id)
        )
        with suppress(OSError):
            self._settle(results_repo, run_id)

    def _write(self, results_repo: str, run_id: str, labels: Labels) -> None:
        tags = ",".join(tag.casefold() for tag in labels.tags)
        self._db.execute(
            "INSERT INTO labels (results_repo, run_id, name, notes, tags, document) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name, "
            "notes = excluded.notes, tags = excluded.tags, document = excluded.document",
            (results_repo, run_id, labels.name, labels.notes, tags and f",{tags},", labels.to_json()),
        )  # fmt: skip

    def _owe(self, unsent: Unsent) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        document = {
            "results_repo": unsent.results_repo,
            "run_id": unsent.run_id,
            "labels": unsent.labels.to_json(),
        }
        path = self._path(unsent.results_repo, unsent.run_id)
        write_whole(path, json.dumps(document), is_private=True, is_durable=True)

    def _owed(self, path: Path) -> Unsent | None:
        with suppress(OSError, ValueError, TypeError, KeyError):
            if path.stat().st_size > 2 * _MOST_FILE_BYTES:
                return None
            document = json.loads(path.read_text("utf-8"))
            labels = Labels.from_json(document["labels"])
            if labels is not None:
                return Unsent(str(document["results_repo"]), str(document["run_id"]), labels)
        return None

    def _settle(self, results_repo: str, run_id: str) -> None:
        self._path(results_repo, run_id).unlink(missing_ok=True)

    def _path(self, results_repo: str, run_id: str) -> Path:
        named = hashlib.sha256(f"{results_repo}/{run_id}".encode("utf-8", "replace")).hexdigest()
        return self._folder / f"{named[:32]}.json"

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as exc:
            raise NotConfigured(
                f"Name, tags and notes of this run could not be saved on this computer: {exc}.",
                hint="Make room on the disk, or wait until no other program uses the history; then try again.",
            ) from exc


def searched_tag(tag: str) -> str:
    """As it stands in the column, whatever its capitals."""
    return f",{' '.join(tag.split()).casefold()},"


def labels_of_row(document: str | None) -> Labels:
    """What a row of the history says of them."""
    return (Labels.from_json(document) or NO_LABELS) if document else NO_LABELS
