"""Which program has which entry of the queue, and what it makes of it. One entry is never had by two."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from launcher.domain.queued import Account, EntryState, QueueEntry, Terms
from launcher.errors import NotConfigured
from launcher.stores.queue_file import QueueFile, entry_of, moment_text
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.outcomes import EndReason


class Refused(StrEnum):
    """Why a claim was not given: what it was decided from has changed meanwhile."""

    TAKEN = "taken"
    GONE = "gone"
    """Somebody has removed the entry."""
    PAUSED = "paused"
    PODS = "pods"
    BUDGET = "budget"
    RUN_ID = "run_id"
    """Another pod of the queue has this very run."""


@dataclass(frozen=True)
class Claim:
    """An entry that one program has, and the try that it may make of it."""

    entry: int
    token: str
    try_id: int


class ClaimLost(NotConfigured):
    """Another program has taken the entry over: nothing more may be ordered for it here."""


class Claims:
    """Each change is on disk when the call returns, and made in a transaction that no other program is in."""

    def __init__(self, file: QueueFile) -> None:
        self._file = file

    def claim(
        self,
        number: int,
        *,
        worker: str,
        run_id: str,
        most_usd: float,
        now: datetime,
        lease_until: datetime,
    ) -> Claim | Refused:
        """Take a waiting entry, with the most that its pod can cost set aside.

        Everything is looked at once more inside the transaction, so two programs never have one entry, and what is
        spent and what may still be is never above the budget.
        """
        with self._file.writing():
            entry = self._file.entry_if_there(number)
            if entry is None:
                return Refused.GONE
            terms, account = self._file.terms(), self._file.account()
            refused = self._why_not(entry, terms, account, run_id, most_usd)
            if refused is not None:
                return refused
            token = uuid.uuid4().hex
            self._file.change(
                number,
                state=EntryState.STARTING,
                claim=token,
                worker=worker,
                lease_until=lease_until,
                not_before=None,
                why="",
            )
            made = self._file.db.execute(
                "INSERT INTO tries (entry, results_repo, run_id, place, reserved_usd, began_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (number, entry.results_repo, run_id, entry.place, most_usd, moment_text(now)),
            )
            assert made.lastrowid is not None
            return Claim(number, token, made.lastrowid)

    def _why_not(
        self, entry: QueueEntry, terms: Terms, account: Account, run_id: str, most_usd: float
    ) -> Refused | None:
        if entry.state is not EntryState.WAITING or entry.claim:
            return Refused.TAKEN
        if terms.is_paused or entry.is_held:
            return Refused.PAUSED
        if account.pods >= terms.at_most:
            return Refused.PODS
        if not account.has_room_for(most_usd, terms):
            return Refused.BUDGET
        twin = self._file.db.execute(
            "SELECT 1 FROM tries WHERE ended_at IS NULL AND results_repo = ? AND run_id = ?",
            (entry.results_repo, run_id),
        ).fetchone()
        return Refused.RUN_ID if twin is not None else None

    def take_over(
        self, entry: QueueEntry, *, worker: str, lease_until: datetime
    ) -> Claim | Refused:
        """Take what another program has left, as far as nobody else was quicker."""
        with self._file.writing():
            now = self._file.entry_if_there(entry.number)
            if now is None or not now.state.is_live or now.claim != entry.claim:
                return Refused.TAKEN
            lives = self._file.open_try(entry.number)
            token = uuid.uuid4().hex
            self._file.change(entry.number, claim=token, worker=worker, lease_until=lease_until)
            return Claim(entry.number, token, lives.id if lives is not None else 0)

    def note_order(self, claim: Claim, *, nonce: str, pod_name: str) -> None:
        """Before the order goes out: by this the pod is found whatever happens next. Raises ClaimLost."""
        with self._file.writing():
            self._check(claim)
            self._file.db.execute(
                "UPDATE tries SET nonce = ?, pod_name = ? WHERE id = ?",
                (nonce, pod_name, claim.try_id),
            )

    def hold(self, claim: Claim, lease_until: datetime) -> None:
        """The program that has it lives. Raises ClaimLost."""
        with self._file.writing():
            self._check(claim)
            self._file.change(claim.entry, lease_until=lease_until)

    def note_running(self, claim: Claim, run_id: str) -> None:
        """Its pod is armed. Raises ClaimLost."""
        with self._file.writing():
            self._check(claim)
            self._file.change(claim.entry, state=EntryState.RUNNING, run_id=run_id)

    def let_go(self, claim: Claim) -> None:
        """Nobody has it from here on; whatever lives of it is taken over by the next that looks. Raises ClaimLost."""
        with self._file.writing():
            self._check(claim)
            self._file.change(claim.entry, claim="", worker="", lease_until=None)

    def settle(
        self,
        claim: Claim,
        state: EntryState,
        *,
        now: datetime,
        why: str = "",
        run_id: str | None = None,
        cost_usd: float | None = 0.0,
        end_reason: EndReason | None = None,
        is_try: bool = False,
        not_before: datetime | None = None,
    ) -> QueueEntry:
        """There is no pod of it any more: its try is closed, and the entry waits again or is over.

        `cost_usd` None: nobody knows, so all that was set aside counts. `is_try`: a pod was paid for and came to
        nothing. Raises ClaimLost.
        """
        with self._file.writing():
            entry = self._check(claim)
            self._file.db.execute(
                "UPDATE tries SET ended_at = ?, end_reason = ?, cost_usd = ? WHERE id = ? AND ended_at IS NULL",
                (
                    moment_text(now),
                    end_reason.value if end_reason else None,
                    cost_usd,
                    claim.try_id,
                ),
            )
            self._file.change(
                claim.entry,
                state=state,
                why=why,
                claim="",
                worker="",
                lease_until=None,
                not_before=not_before,
                tries=entry.tries + is_try,
                run_id=entry.run_id if run_id is None else run_id,
            )
            return self._file.entry_inside(claim.entry)

    def put_off(
        self, number: int, *, why: str, not_before: datetime | None, is_over: bool = False
    ) -> bool:
        """A waiting entry that nobody has: look at it later, or not again where `is_over`.

        False where there is none any more.
        """
        state = EntryState.FAILED if is_over else EntryState.WAITING
        with self._file.writing():
            changed = self._file.db.execute(
                "UPDATE entries SET state = ?, why = ?, not_before = ? WHERE number = ? AND state = 'waiting'",
                (state.value, why, moment_text(not_before), number),
            )
        return changed.rowcount > 0

    def _check(self, claim: Claim) -> QueueEntry:
        row = self._file.db.execute(
            "SELECT * FROM entries WHERE number = ? AND claim = ?", (claim.entry, claim.token)
        ).fetchone()
        if row is None:
            raise ClaimLost(
                f"Entry {claim.entry} of the queue was taken over by another program.",
                hint=Sentence(NextStep.LOOK_FOR_PODS, " shows what lives."),
            )
        return entry_of(row)
