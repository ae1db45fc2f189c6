"""The end of a run: everything there is into the results repo, what matters most first, then the last word."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pod_image.agent.attempt_state import Ending
from pod_image.agent.card import render_card
from pod_image.agent.missing import Missing
from pod_image.agent.order import DeliveryOrder
from pod_image.agent.ports import HubTrouble, Receipt, RepoWasGone
from pod_image.agent.record import record_of
from pod_image.agent.run import Run
from pod_image.agent.staging import said
from pod_image.agent.uploads import Card, Uploads
from pod_image.agent.versions import name_version
from pod_image.contract.bodies import Ended, Heartbeat, UploadedFile
from pod_image.contract.figures import dollars_per_hour
from pod_image.contract.outcomes import Phase
from pod_image.contract.paths import ResultsFolder
from pod_image.contract.sent_steps import sent_steps
from pod_image.hub.budget import CommitPriority

LAST_MARGIN_SECONDS = 10.0
"""Before the caps: enough to say the last word and send the release."""

QUOTED_LINES = 15
QUOTED_LETTERS = 300
QUOTED_BYTES = 2_500
"""Of the program's last words, in the last event."""

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
    order: DeliveryOrder = field(init=False)

    def __post_init__(self) -> None:
        self.order = DeliveryOrder(self.run.ports.timing.delivery_batch_bytes)

    async def deliver_files(self) -> bool:
        """Everything the recipe wants delivered, in its order. True when all of it is in the repo.

        Goes on until the caps while there is a file that may yet be taken: a Hub that is away is waited
        for, and a file that it never takes holds up no other.
        """
        attempt, wait_seconds = 0, 0.0
        self.uploads.results.take_in_left_behind()
        while batch := self.order.next(self.uploads.results.pending().paths, self._most_bytes()):
            wait_seconds = max(wait_seconds, self._budget_seconds())
            give_up_at = self._files_give_up_at()
            if not await self._hold(wait_seconds, give_up_at, is_silent=self.is_late):
                break
            try:
                await self._commit_until(give_up_at, batch, self._message())
            except TimeoutError:
                break
            except HubTrouble as exc:
                attempt += 1
                wait_seconds = (
                    0.0 if exc.is_about_files else self.uploads.pause_seconds(exc, attempt)
                )
                self.order.failed(batch, exc)
                self.uploads.tell(exc)
            else:
                attempt, wait_seconds = 0, 0.0
                self.order.committed(batch, self.uploads.results.pending().paths)
        self._say_given_up()
        return not self.uploads.results.pending().paths

    async def say_ended(self, ending: Ending, *, is_delivered: bool) -> None:
        """The last word: into events.jsonl, with the record and the card into the repo, then to stdout."""
        run = self.run
        self.uploads.results.withdraw_pruned()
        run.missing = self.missing()
        run.events.close(last_word(run, ending, run.missing))
        own = {
            run.results.record: run.events.mask(record_of(run, is_over=True).to_json()).encode(),
            run.results.events: run.events.content(),
            run.results.log: run.log.content(),
        }
        card = self._card() if is_delivered else None
        self.uploads.page.try_again()
        is_said = await self._persist_last_word(own, card)
        if not is_said:
            run.missing = run.missing.with_own(own)
            run.events.correct(last_word(run, ending, run.missing))
        self.is_whole = is_delivered and is_said
        if self.is_whole and run.delivered:
            await name_version(run, run.last_commit, self._give_up_at() - run.now())
        run.attempt_file.note(is_over=True)
        run.events.say_last_word()

    def missing(self) -> Missing:
        """What is not in the repo as it is on disk now."""
        self.uploads.results.take_in_left_behind()
        pending = self.uploads.results.pending()
        names = dict.fromkeys(said(self.uploads.results.below(path)) for path in pending.paths)
        return Missing(tuple(names), pending.size_bytes)

    async def _persist_last_word(self, own: Mapping[str, bytes], card: Card | None) -> bool:
        """Commit what the agent itself has to say, again and again until there is no time left for it."""
        run, attempt = self.run, 0
        give_up_at = self._give_up_at()
        wait_seconds = self._budget_seconds()
        message = f"{self._message()} ended"
        while await self._hold(wait_seconds, give_up_at, is_silent=True):
            has_page = self.uploads.page.is_carried
            try:
                await self._commit_until(give_up_at, (), message, own=own, card=card, is_last=True)
            except TimeoutError:
                return False
            except RepoWasGone as exc:
                run.events.say(f"{exc.message} {exc.hint}")
                await self.deliver_files()
            except HubTrouble as exc:
                run.events.say(f"{exc.message} {exc.hint}")
                if exc.is_about_files and (card is not None or has_page):
                    card = None  # a card that the Hub does not like must not cost the record
                    continue
                if exc.is_refusal and not self._has_something():
                    return False
                attempt += 1
                wait_seconds = self.uploads.pause_seconds(exc, attempt)
            else:
                return True
        return False

    async def _commit_until(
        self,
        give_up_at: float,
        paths: Sequence[Path],
        message: str,
        *,
        own: Mapping[str, bytes] | None = None,
        card: Card | None = None,
        is_last: bool = False,
    ) -> Receipt:
        """One commit. Raises TimeoutError when the time is up, and HubTrouble whatever else went wrong."""
        async with asyncio.timeout(max(0.1, give_up_at - self.run.now())):
            return await self.uploads.commit(
                paths, message, own=own, card=card, has_page=is_last, is_last=is_last
            )

    def _say_given_up(self) -> None:
        for path, why in self.order.given_up.items():
            name = said(self.uploads.results.below(path))
            self.uploads.warn(f"{name} is not delivered: {why.rstrip('.')}.")

    def _budget_seconds(self) -> float:
        return self.uploads.budget.wait_seconds(CommitPriority.DELIVERY)

    async def _hold(self, seconds: float, give_up_at: float, *, is_silent: bool) -> bool:
        """Wait, telling what the waiting costs. False when the time is up before."""
        run = self.run
        until = run.now() + seconds
        while (now := run.now()) < until:
            if now >= give_up_at:
                return False
            if not is_silent:
                detail = self._countdown(give_up_at)
                run.events.emit(
                    Heartbeat(phase=Phase.DELIVER, cost_usd=run.cost_usd, detail=detail)
                )
            pause = min(run.ports.timing.hold_heartbeat_seconds, until - now, give_up_at - now)
            await run.clock.sleep(max(0.01, pause))
        return run.now() < give_up_at

    def _countdown(self, give_up_at: float) -> str:
        minutes = max(0.0, give_up_at - self.run.now()) / 60
        until = datetime.fromtimestamp(give_up_at, UTC).strftime("%H:%M:%S UTC")
        return (
            f"The Hub does not accept the results; trying until {until}, {minutes:.0f} more minutes, "
            f"at {dollars_per_hour(self.run.limits.price_per_hour_usd)}."
        )

    def _most_bytes(self) -> float:
        """What goes up in a fraction of the time left: a commit that the caps cut off brings nothing."""
        return self.run.progress.upload.speed * max(0.0, self.run.seconds_left) / 4

    def _files_give_up_at(self) -> float:
        """Files stop going up a little before the caps: what did not arrive has to be said in the repo too."""
        run = self.run
        last_word_seconds = min(
            run.ports.timing.last_word_seconds,
            0.05 * (run.limits.ends_at - run.limits.created_at),
        )
        return self._give_up_at() - last_word_seconds

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
        return bool(self.order.next(self.uploads.results.pending().paths))

    def _message(self) -> str:
        ending = self.run.ending
        return f"{self.run.document.run_id}: {ending.reason.value if ending else 'results'}"

    def _card(self) -> Card:
        run = self.run
        section = run.recipe.card(run.folder, run.settings)
        run_id, mask = run.document.run_id, run.events.mask
        return lambda present: mask(render_card(present, run_id, section))


def last_word(run: Run, ending: Ending, missing: Missing) -> Ended:
    progress = run.progress
    delivered = _worth_telling(run.results, tuple(run.delivered.values()))
    return Ended(
        reason=ending.reason,
        detail=ending.detail,
        hint=str(ending.hint),
        hint_steps=sent_steps(ending.hint),
        delivered=delivered,
        delivered_count=len(delivered),
        not_delivered=missing.names,
        not_delivered_count=len(missing.names),
        not_delivered_bytes=missing.size_bytes,
        last_lines=() if ending.reason.is_success else last_lines(run),
        commit=run.last_commit,
        steps=progress.step,
        first_loss=progress.losses.first,
        last_loss=progress.losses.last,
        phases=progress.phase_seconds(),
        pace=progress.pace.so_far(),
        gpu_idle=progress.gpu_idle.so_far(run.now()),
        cost_usd=run.cost_usd,
    )


def last_lines(run: Run) -> tuple[str, ...]:
    """What the recipe's programs printed last: as much as a line of the platform's log has room for."""
    kept: list[str] = []
    room_bytes = QUOTED_BYTES
    for line in reversed(run.log.last_program_lines(QUOTED_LINES, run.document.attempt.number)):
        short = line if len(line) <= QUOTED_LETTERS else f"{line[:QUOTED_LETTERS]}…"
        room_bytes -= len(short.encode())
        if room_bytes < 0:
            break
        kept.append(short)
    return tuple(reversed(kept))


def say_cut_off(run: Run, missing: Missing) -> None:
    """The last word when there is no time for delivery: at the caps, or aborted."""
    ending = run.ending or cap_ending(run)
    if not run.events.last_word:
        run.events.close(last_word(run, ending, missing))
    run.attempt_file.note(is_over=True, end_reason=ending.reason)
    run.events.say_last_word()


def cap_ending(run: Run) -> Ending:
    return Ending(run.limits.cap, "The caps were reached.")


def _worth_telling(
    results: ResultsFolder, files: tuple[UploadedFile, ...]
) -> tuple[UploadedFile, ...]:
    """Everything but the agent's own: the line that says it is in them, so they are another by then."""
    return tuple(file for file in files if file.path not in results.own)
