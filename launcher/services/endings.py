"""How a run that has no pod any more ended, and what it cost; written into the history once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from launcher.domain.cost import cost_usd
from launcher.domain.run import Run, RunState
from launcher.errors import HubError, NotConfigured
from launcher.services.belonging import is_certainly_over, is_of_this_account, not_found
from launcher.services.context import Workbench
from launcher.services.follow import events_of_attempt
from launcher.services.notes import note
from launcher.services.run_secrets import remove_run_secrets
from launcher.services.sightings import EventSeen
from launcher.stores.secrets import KeyName, how_to_give
from pod_image.contract.events import Event
from pod_image.contract.outcomes import EndReason
from pod_image.contract.record import RunRecord


async def settle_gone(
    bench: Workbench, run: Run, *, was_there: bool = False
) -> tuple[Run, list[Event]]:
    """Close a run whose pod is gone, and return the events that had not been seen.

    Without a last word in the log the results repo decides: what the pod delivered before its release. If
    there is none either, the run is lost. Raises PodGone, and leaves the run open, where nothing proves that
    the pod is not alive in an account that this key is not of. `was_there`: this key has shown it. Raises
    NotConfigured, and leaves it open, where there is no token that could read what the pod delivered.
    """
    if run.end_reason is not None:
        return await close(bench, run, run.end_reason, run.detail), []
    try:
        unseen, record = await _delivered(bench, run)
    except (HubError, NotConfigured) as exc:
        detail = f"{EndReason.LOST.sentence} The results repo could not be read: {exc.message}"
        return await _close_as_lost(bench, run, detail, was_there=was_there), []
    for event in unseen:
        run = note(bench, run, EventSeen(event))
    if unseen:
        run = bench.runs.update(run, last_seq=max(event.seq for event in unseen))
    if run.end_reason is None and record is not None and record.end_reason is not None:
        cost = run.cost_usd if record.cost_usd is None else record.cost_usd
        missing = None if record.not_delivered is None else len(record.not_delivered)
        run = bench.runs.update(
            run,
            end_reason=record.end_reason,
            detail=record.detail,
            cost_usd=cost,
            not_delivered=missing,
        )
    if run.end_reason is None:
        sentence = EndReason.LOST.sentence
        return await _close_as_lost(bench, run, sentence, was_there=was_there), unseen
    return await close(bench, run, run.end_reason, run.detail), unseen


async def _close_as_lost(bench: Workbench, run: Run, detail: str, *, was_there: bool) -> Run:
    """No word of the pod is to be had: believed only of a pod that this key could have shown."""
    if not (was_there or is_certainly_over(bench, run) or await is_of_this_account(bench, run)):
        raise not_found(run)
    if bench.hub.upload.token is None and not is_certainly_over(bench, run):
        raise NotConfigured(
            f"{run.run_id} has no pod any more. How it ended stands in {run.results_repo}, and there is no "
            f"{KeyName.HF_UPLOAD.purpose}.",
            hint=how_to_give(KeyName.HF_UPLOAD),
        )
    return await close(bench, run, EndReason.LOST, detail)


async def _delivered(bench: Workbench, run: Run) -> tuple[list[Event], RunRecord | None]:
    """Events not seen yet and the record, as far as this very attempt delivered them."""
    results = bench.results(run.results_repo)
    record = await results.record(run.run_id)
    if record is not None and record.nonce != run.nonce:
        return [], None  # an earlier attempt's, or a later one's: this one delivered nothing
    delivered = await results.events(run.run_id)
    return events_of_attempt(delivered, run, run.last_seq), record


async def close(bench: Workbench, run: Run, reason: EndReason, detail: str) -> Run:
    """The run is over and has no pod: say so in the history, remove its secrets, ask what was billed."""
    if run.state is not RunState.ENDED:
        now = bench.clock.now()
        changes: dict[str, Any] = {
            "state": RunState.ENDED,
            "ended_at": now,
            "end_reason": reason,
            "detail": detail,
        }
        if run.created_at is not None:
            metered = metered_usd(run, run.created_at, bench.provider_now())
            # What the pod said at its end is truer than a clock that watched from afar.
            is_told = run.end_reason is not None and run.cost_usd is not None
            changes["cost_usd"] = run.cost_usd if is_told else metered
        run = bench.runs.update(run, **changes)
        bench.runs.mark(run, "gone", now)
    run = await remove_run_secrets(bench, run)
    return await ask_billed(bench, run)


async def ask_billed(bench: Workbench, run: Run) -> Run:
    """Write down what the provider has billed, when it has a figure; bills lag by an hour or more."""
    if not run.pod_id:
        return run
    try:
        billed = await bench.provider.billed_usd(run.pod_id)
    except NotConfigured:
        return run
    return run if billed is None else bench.runs.update(run, billed_usd=billed)


def metered_usd(run: Run, start: datetime, end: datetime) -> float:
    seconds = max(timedelta(0), end - start).total_seconds()
    return cost_usd(run.price_per_hour_usd, seconds)
