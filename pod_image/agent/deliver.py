"""The end of a run: everything there is into the results repo, what matters most first, then the last word."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pod_image.agent.card import render_card
from pod_image.agent.latch import Ending
from pod_image.agent.ports import HubTrouble, Receipt
from pod_image.agent.record import record_of
from pod_image.agent.run import Run
from pod_image.agent.uploads import Card, Uploads, read_or_empty
from pod_image.contract.events import UploadedFile
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import ResultsFolder
from pod_image.hub.budget import CommitPriority

BATCH_BYTES = 100 << 20
"""What comes first in importance is committed on its own when the rest is large."""
LAST_MARGIN_SECONDS = 10.0
"""Before the caps: enough to say the last word and send the release."""

LATE_SECONDS = 24 * 3_600.0
"""How long a pod that cannot be released goes on with one delivery."""


@dataclass
class Delivery:
    """Delivers one run. Gives up at the caps, or soon when there is nothing to lose."""

    run: Run
    uploads: Uploads
    is_late: bool = False
    """The run is over and its pod could not be released: it is paid for anyway, so nothing is given up."""
    is_whole: bool = False
    """Every result, the record and the last word are in the repo."""

    async def deliver_files(self) -> bool:
        """Everything the recipe wants delivered, in its order. True when all of it is in the repo."""
        for _ in range(10):  # files may still be pruned or grow, but not for ever
            pending = self.uploads.pending()
            if not pending.paths:
                return True
            batch = next(batches(pending.paths))
            before = set(self.run.delivered)
            if await self._persist(batch, self._message()) is None:
                return False
            if set(self.run.delivered) == before and self.uploads.pending() == pending:
                return False  # none of it can be read
        return not self.uploads.pending().paths

    async def say_ended(self, ending: Ending, *, is_delivered: bool) -> None:
        """The last word: into events.jsonl, with the record and the card into the repo, then to stdout."""
        run = self.run
        self.uploads.withdraw_pruned()
        fields = ended_fields(run, ending, self.not_delivered())
        run.events.close(fields)
        own = {
            run.results.record: record_of(run, is_over=True).to_json().encode(),
            run.results.events: read_or_empty(run.events.path),
        }
        card = self._card() if is_delivered else None
        receipt = await self._persist(
            (), f"{self._message()} ended", own=own, card=card, is_last=True
        )
        if receipt is None:
            fields["not_delivered"] = (*fields["not_delivered"], "run.json", "events.jsonl")
            run.events.correct(fields)
        self.is_whole = is_delivered and receipt is not None
        run.latch.note(is_over=True)
        run.events.say_last_word()

    def not_delivered(self) -> tuple[str, ...]:
        out = self.run.folder.out
        return tuple(
            str(path.relative_to(out)) if path.is_relative_to(out) else path.name
            for path in self.uploads.pending().paths
        )

    async def _persist(
        self,
        paths: Sequence[Path],
        message: str,
        *,
        own: Mapping[str, bytes] | None = None,
        card: Card | None = None,
        is_last: bool = False,
    ) -> Receipt | None:
        """Commit, again and again while the Hub refuses; None when the time for it is up."""
        run, attempt = self.run, 0
        give_up_at = self._give_up_at()
        wait_seconds = self.uploads.budget.wait_seconds(CommitPriority.DELIVERY)
        while True:
            if not await self._hold(wait_seconds, give_up_at, is_silent=is_last or self.is_late):
                return None
            left = give_up_at - run.now()
            try:
                async with asyncio.timeout(max(0.1, left)):
                    return await self.uploads.commit(
                        paths, message, own=own, card=card, is_last=is_last
                    )
            except TimeoutError:
                return None
            except HubTrouble as exc:
                if exc.is_refusal and not self._has_something():
                    return None
                attempt += 1
                wait_seconds = self.uploads.pause_seconds(exc, attempt)
                if is_last:
                    run.events.say(f"{exc.message} {exc.hint}")
                else:
                    self.uploads.tell(exc)

    async def _hold(self, seconds: float, give_up_at: float, *, is_silent: bool) -> bool:
        """Wait, telling what the waiting costs. False when the time is up before."""
        run = self.run
        until = run.now() + seconds
        while (now := run.now()) < until:
            if now >= give_up_at:
                return False
            if not is_silent:
                run.events.emit(
                    "heartbeat",
                    phase=Phase.DELIVER,
                    cost_usd=run.cost_usd,
                    detail=self._countdown(give_up_at),
                )
            pause = min(run.ports.timing.hold_heartbeat_seconds, until - now, give_up_at - now)
            await run.clock.sleep(max(0.01, pause))
        return run.now() < give_up_at

    def _countdown(self, give_up_at: float) -> str:
        minutes = max(0.0, give_up_at - self.run.now()) / 60
        until = datetime.fromtimestamp(give_up_at, UTC).strftime("%H:%M:%S UTC")
        return (
            f"The Hub does not take the results; trying until {until}, {minutes:.0f} more minutes, "
            f"at {self.run.limits.price_per_hour_usd:.2f} USD an hour."
        )

    def _give_up_at(self) -> float:
        """At the caps when there is something to lose; a log alone is not worth an hour of a GPU."""
        run = self.run
        if self.is_late:
            return run.now() + LATE_SECONDS
        cap = run.limits.ends_at - LAST_MARGIN_SECONDS
        if self._has_something():
            return cap
        return min(cap, run.now() + run.ports.timing.bare_end_seconds)

    def _has_something(self) -> bool:
        return bool(self.uploads.pending().paths)

    def _message(self) -> str:
        ending = self.run.ending
        return f"{self.run.document.run_id}: {ending.reason.value if ending else 'results'}"

    def _card(self) -> Card:
        run = self.run
        section = run.recipe.card(run.folder, run.settings)
        return lambda present: render_card(present, run.document.run_id, section)


def batches(paths: Sequence[Path], limit_bytes: int = BATCH_BYTES) -> Iterator[tuple[Path, ...]]:
    """The paths in order, in groups of at most so many bytes; a larger file goes alone."""
    group: list[Path] = []
    size_bytes = 0
    for path in paths:
        size = path.stat().st_size if path.exists() else 0
        if group and size_bytes + size > limit_bytes:
            yield tuple(group)
            group, size_bytes = [], 0
        group.append(path)
        size_bytes += size
    if group:
        yield tuple(group)


def ended_fields(run: Run, ending: Ending, not_delivered: Sequence[str]) -> dict[str, Any]:
    """What `ended` says."""
    progress = run.progress
    return {
        "reason": ending.reason,
        "detail": ending.detail,
        "hint": ending.hint,
        "delivered": _worth_telling(run.results, tuple(run.delivered.values())),
        "not_delivered": tuple(not_delivered),
        "commit": run.last_commit,
        "steps": progress.step,
        "first_loss": progress.losses.first,
        "last_loss": progress.losses.last,
        "phases": progress.phase_seconds(),
        "pace": progress.pace.so_far(),
        "cost_usd": run.cost_usd,
    }


def say_cut_off(run: Run, not_delivered: Sequence[str]) -> None:
    """The last word when there is no time for delivery: at the caps, or aborted."""
    ending = run.ending or Ending(run.limits.cap, "The caps were reached.")
    if not run.events.last_word:
        run.events.close(ended_fields(run, ending, not_delivered))
    run.latch.note(is_over=True, end_reason=ending.reason)
    run.events.say_last_word()


def _worth_telling(
    results: ResultsFolder, files: tuple[UploadedFile, ...]
) -> tuple[UploadedFile, ...]:
    """Everything but the agent's own: the line that says it is in them, so they are another by then."""
    own = {results.record, results.events}
    return tuple(file for file in files if file.path not in own)
