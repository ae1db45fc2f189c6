"""Runs that wait for their turn, and what a person changes of them. Holds no secret.

Unlike the history it is no cache: nobody else knows what waits here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from launcher.domain.queued import MOST_TRIES, EntryState, QueueEntry, Terms
from launcher.errors import InvalidRequest
from launcher.stores.queue_claims import Claims
from launcher.stores.queue_file import QueueFile, moment_text
from pod_image.contract.next_steps import NextStep, Sentence


class QueueStore(QueueFile):
    """`claims`: what programs that work on it change."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.claims = Claims(self)

    def add(
        self,
        document: Mapping[str, Any],
        *,
        results_repo: str,
        place: str,
        agreed_usd: float,
        now: datetime,
        run_id: str = "",
        priority: int = 0,
        max_price_usd: float | None = None,
        most_tries: int = MOST_TRIES,
    ) -> QueueEntry:
        """Raises InvalidRequest where another entry that is not over names the same run."""
        with self.writing():
            self._refuse_twice(results_repo, run_id)
            made = self.db.execute(
                "INSERT INTO entries (state, document, results_repo, run_id, place, agreed_usd, max_price_usd, "
                "priority, most_tries, added_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    EntryState.WAITING.value,
                    json.dumps(document, ensure_ascii=False),
                    results_repo,
                    run_id,
                    place,
                    agreed_usd,
                    max_price_usd,
                    priority,
                    most_tries,
                    moment_text(now),
                ),
            )
            assert made.lastrowid is not None
            return self.entry_inside(made.lastrowid)

    def _refuse_twice(self, results_repo: str, run_id: str) -> None:
        row = self.db.execute(
            "SELECT number FROM entries WHERE run_id = ? AND run_id != '' AND results_repo = ? "
            "AND state NOT IN ('done', 'failed')",
            (run_id, results_repo),
        ).fetchone()
        if row is not None:
            raise InvalidRequest(
                f"Entry {row['number']} of the queue is run {run_id} of {results_repo} already.",
                hint="Give this one another run ID.",
            )

    def agree(self, *, budget_usd: float | None = None, at_most: int | None = None) -> Terms:
        """Keep what the person agrees to; what is None stays as it was."""
        with self.writing():
            self.db.execute(
                "UPDATE terms SET budget_usd = coalesce(?, budget_usd), at_most = coalesce(?, at_most)",
                (budget_usd, at_most),
            )
        return self.terms()

    def count_from_now(self) -> None:
        """What earlier pods have cost is left out of the budget from here on; those that live are in it."""
        with self.writing():
            self.db.execute("UPDATE tries SET is_counted = 0 WHERE ended_at IS NOT NULL")

    def pause(self, number: int | None = None, *, is_paused: bool = True) -> None:
        """Start nothing more: of one entry, or at all. What has a pod goes on. Raises InvalidRequest."""
        with self.writing():
            if number is None:
                self.db.execute("UPDATE terms SET is_paused = ?", (is_paused,))
                return
            entry = self.entry_inside(number)
            if entry.state is not EntryState.WAITING:
                raise _no_longer_waiting(entry)
            self.change(number, is_held=is_paused)

    def prioritise(self, number: int, priority: int) -> None:
        """Raises InvalidRequest."""
        with self.writing():
            self.entry_inside(number)
            self.change(number, priority=priority)

    def remove(self, number: int) -> QueueEntry:
        """Forget an entry; what was paid for it stays counted. Raises InvalidRequest for one that may have a pod."""
        with self.writing():
            entry = self.entry_inside(number)
            if entry.state.is_live:
                raise _no_longer_waiting(entry)
            self.db.execute("DELETE FROM entries WHERE number = ?", (number,))
        return entry


def _no_longer_waiting(entry: QueueEntry) -> InvalidRequest:
    if entry.state.is_over:
        return InvalidRequest(f"Entry {entry.number} of the queue has ended.")
    if not entry.run_id:
        return InvalidRequest(
            f"Entry {entry.number} of the queue is being started.", hint="Try again in a minute."
        )
    return InvalidRequest(
        f"Entry {entry.number} of the queue has a pod: it is {entry.run_id} of {entry.results_repo}.",
        hint=Sentence(NextStep.STOP_RUN.of(f"{entry.results_repo}/{entry.run_id}"), " ends it."),
    )
