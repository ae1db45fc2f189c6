"""How a run that has no pod any more ended, and what it cost; written into the history once."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from launcher.domain.cost import cost_usd
from launcher.domain.run import Run, RunState
from launcher.errors import HubError, LauncherError, NotConfigured
from launcher.hub.results_repo import ResultsRepo
from launcher.services.common.attempt_events import events_of_attempt
from launcher.services.common.observations import EventSeen
from launcher.services.common.record_observation import note
from launcher.services.common.run_secrets import remove_run_secrets
from launcher.services.common.workbench import Workbench
from launcher.services.ending.account_of_run import is_certainly_over, is_of_this_account, not_found
from launcher.stores.secrets import KeyName, how_to_give
from pod_image.contract.bodies import Ended
from pod_image.contract.events import Event, Stamped, from_line, stamped
from pod_image.contract.outcomes import EndReason
from pod_image.contract.record import RunRecord
from pod_image.contract.results_address import is_folder, results_kind

KEPT_LOG_SECONDS = 60.0
"""For reading the log of a run that is over, where the place keeps it."""
_TOLD_BY_BOTH = (
    "detail", "hint", "cost_usd", "steps", "first_loss", "last_loss", "phases", "pace",
    "gpu_idle",
)  # fmt: skip
"""What the record says of the end in the same words as the last event."""


@dataclass(frozen=True)
class LastWord:
    """How a run ended, as far as it can be told. `unseen`: events that the history does not have yet."""

    reason: EndReason
    detail: str
    unseen: tuple[Event, ...] = ()
    record: RunRecord | None = None
    last_sign: datetime | None = None
    """When the newest delivered event was said."""


async def settle_gone(
    bench: Workbench, run: Run, *, was_there: bool = False
) -> tuple[Run, list[Event]]:
    """Close a run whose pod is gone, and return the events that had not been seen.

    Raises what `last_word` raises, and leaves the run open then.
    """
    last = await last_word(bench, run, was_there=was_there)
    return await write_down(bench, run, last), list(last.unseen)


async def last_word(bench: Workbench, run: Run, *, was_there: bool = False) -> LastWord:
    """How a run whose pod is gone ended; changes nothing.

    Without a last word in the log the results repo decides: what the pod delivered before its release. If
    there is none either, the log that a person's own machine keeps; else the run is lost. What was not delivered and
    can still be had there is said. Raises PodGone where nothing proves that the pod is not alive in an
    account that this key is not of. `was_there`: this key has shown it. Raises NotConfigured where there is no
    token that could read what the pod delivered.
    """
    bench = bench.at(run.place)
    told = await _told(bench, run, was_there=was_there)
    if _is_all_delivered(run, told):
        return told
    remains = await bench.provider.remains(run.pod_id)
    if remains and remains not in told.detail:
        told = replace(told, detail=f"{told.detail} {remains}".lstrip())
    return told


async def _told(bench: Workbench, run: Run, *, was_there: bool) -> LastWord:
    if run.end_reason is not None:
        return LastWord(run.end_reason, run.detail)
    lost = LastWord(EndReason.LOST, EndReason.LOST.sentence)
    try:
        told = await delivered_word(bench, run)
    except (HubError, NotConfigured) as exc:
        where = results_kind(run.results_repo)
        detail = f"{lost.detail} The {where} could not be read: {exc.message}"
        told = replace(lost, detail=detail)
    if told is None or told.reason is EndReason.LOST:
        await _refuse_unproven(bench, run, was_there=was_there)
        return await _kept_word(bench, run) or told or lost
    return told


def _is_all_delivered(run: Run, told: LastWord) -> bool:
    ends = [event.body for event in told.unseen if isinstance(event.body, Ended)]
    return (ends[-1].missing_count if ends else run.not_delivered) == 0


async def delivered_word(
    bench: Workbench, run: Run, *, in_a_hurry: bool = False
) -> LastWord | None:
    """What this very attempt delivered of its end. None when its folder holds no word of this attempt;
    `lost` when it holds some, and none of an end. Raises HubError, NotConfigured."""
    hub = bench.hub.in_a_hurry() if in_a_hurry else bench.hub
    results = ResultsRepo(hub, run.results_repo)
    record = await results.record(run.run_id)
    if record is not None and record.nonce != run.nonce:
        return None  # an earlier attempt's, or a later one's: this one delivered nothing
    events = events_of_attempt(await results.events(run.run_id), run, 0)
    if record is None and not events:
        return None
    unseen = tuple(event for event in events if event.seq > run.last_seq)
    last_sign = max((event.at for event in events), default=None)
    for event in reversed(events):
        if isinstance(event.body, Ended):
            return LastWord(event.body.reason, event.body.detail, unseen, record, last_sign)
    if record is not None and record.end_reason is not None:
        return LastWord(record.end_reason, record.detail, unseen, record, last_sign)
    return LastWord(EndReason.LOST, EndReason.LOST.sentence, unseen, record, last_sign)


async def _kept_word(bench: Workbench, run: Run) -> LastWord | None:
    """What a person's own machine has of the end of a run that could not deliver its last word: the log stays there.

    None where the place keeps none, or cannot be asked now, or the run said nothing of an end.
    """
    if bench.place.is_rented:
        return None
    said: list[Event] = []
    with suppress(TimeoutError, LauncherError):
        async with (
            asyncio.timeout(KEPT_LOG_SECONDS),
            aclosing(bench.provider.log(run.pod_id)) as lines,
        ):
            async for line in lines:
                event = from_line(line.text)
                if event is not None:
                    said.append(event)
    events = events_of_attempt(said, run, 0)
    unseen = tuple(event for event in events if event.seq > run.last_seq)
    for event in reversed(events):
        if isinstance(event.body, Ended):
            return LastWord(event.body.reason, event.body.detail, unseen, None, event.at)
    return None


async def write_down(bench: Workbench, run: Run, last: LastWord) -> Run:
    """Bring the history up to the run's last word, and close the run."""
    bench = bench.at(run.place)
    for event in last.unseen:
        run = note(bench, run, EventSeen(event))
    if last.unseen:
        run = bench.runs.update(run, last_seq=max(event.seq for event in last.unseen))
    record = last.record
    if run.end_reason is None and record is not None and record.end_reason is not None:
        run = _note_record(bench, run, last, record)
    if run.end_reason is None and last.reason is EndReason.LOST:
        run = bench.runs.update(run, ended_at=_last_sign(bench, run, last.last_sign))
    if run.end_reason is not None and run.end_reason is not last.reason:
        return await close(bench, run, run.end_reason, run.detail)
    return await close(bench, run, last.reason, last.detail)


def _note_record(bench: Workbench, run: Run, last: LastWord, record: RunRecord) -> Run:
    """The record has the end in full, for a pod whose last event did not come through."""
    ended_at = record.ended_at or last.last_sign or bench.provider_now()
    if record.not_delivered is None:
        # A record that does not say what is missing is not one that says that nothing is: it is no last event.
        cost = run.cost_usd if record.cost_usd is None else record.cost_usd
        changes = {"detail": record.detail, "cost_usd": cost, "ended_at": ended_at}
        return bench.runs.update(run, end_reason=last.reason, **changes)
    event = recorded_end(record, at=ended_at, run_id=run.run_id, seq=run.last_seq + 1)
    return run if event is None else note(bench, run, EventSeen(event))


def recorded_end(
    record: RunRecord, *, at: datetime, run_id: str, seq: int
) -> Stamped[Ended] | None:
    """The last event as the record has it; None where it tells no end, or not what is missing."""
    if record.end_reason is None or record.not_delivered is None:
        return None
    ended = Ended(
        reason=record.end_reason,
        delivered=record.delivered,
        not_delivered=record.not_delivered,
        **{name: getattr(record, name) for name in _TOLD_BY_BOTH},
    )
    return stamped(ended, at=at, run_id=run_id, seq=seq)


def _last_sign(bench: Workbench, run: Run, said_at: datetime | None) -> datetime:
    """Until when a lost pod certainly lived: nobody saw it end, and whoever looks may do so days later."""
    signs = [at for name, at in bench.runs.moments(run).items() if name not in ("planned", "gone")]
    signs += [at for at in (said_at, bench.pod_list.last_seen(run.pod_id)) if at is not None]
    if run.created_at is not None and run.cost_usd and run.price_per_hour_usd:
        signs.append(run.created_at + timedelta(hours=run.cost_usd / run.price_per_hour_usd))
    return min(max(signs, default=bench.provider_now()), bench.provider_now())


async def _refuse_unproven(bench: Workbench, run: Run, *, was_there: bool) -> None:
    """That no word of the pod is to be had is believed only of a pod that this key could have shown."""
    if not (was_there or is_certainly_over(bench, run) or await is_of_this_account(bench, run)):
        raise not_found(bench, run)
    is_untold = bench.hub.upload.token is None and not is_folder(run.results_repo)
    if is_untold and not is_certainly_over(bench, run):
        raise NotConfigured(
            f"{run.run_id} no longer has a pod. How it ended is recorded in {run.results_repo}, but there is no "
            f"{KeyName.HF_UPLOAD.purpose}.",
            hint=how_to_give(KeyName.HF_UPLOAD),
        )


async def close(bench: Workbench, run: Run, reason: EndReason, detail: str) -> Run:
    """The run is over and has no pod: say so in the history, remove its secrets, ask what was billed.

    It ended when its pod said so, where that is known; else now.
    """
    bench = bench.at(run.place)
    if run.state is not RunState.ENDED:
        now = bench.provider_now()
        ended_at = run.ended_at or bench.runs.moments(run).get("ended") or now
        changes: dict[str, Any] = {
            "state": RunState.ENDED,
            "ended_at": ended_at,
            "end_reason": reason,
            "detail": detail,
        }
        if run.created_at is not None:
            metered = metered_usd(run, run.created_at, ended_at)
            # What the pod said at its end is truer than a clock that watched from afar.
            is_told = run.end_reason is not None and run.cost_usd is not None
            changes["cost_usd"] = run.cost_usd if is_told else metered
        run = bench.runs.update(run, **changes)
        bench.runs.mark(run, "gone", now)
    run = await remove_run_secrets(bench, run)
    return await ask_billed(bench, run)


async def ask_billed(bench: Workbench, run: Run) -> Run:
    """Write down what the provider has billed, when it has a figure; bills lag by an hour or more."""
    bench = bench.at(run.place)
    if not run.shown_pod_id:
        return run
    try:
        billed = await bench.provider.billed_usd(run.shown_pod_id)
    except NotConfigured:
        return run
    return run if billed is None else bench.runs.update(run, billed_usd=billed)


def metered_usd(run: Run, start: datetime, end: datetime) -> float:
    seconds = max(timedelta(0), end - start).total_seconds()
    return cost_usd(run.price_per_hour_usd, seconds)
