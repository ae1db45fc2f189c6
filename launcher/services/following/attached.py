"""A run as its results repo alone tells of it: what any computer can know, by a token or, of a public repo, without.

Whoever may write to the repo wrote this: it is read within bounds, shown as a pod's words are, and ends no pod.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from launcher.domain.labels import NO_LABELS, Labels
from launcher.domain.offer import shown_gpu
from launcher.domain.run import Run, RunState
from launcher.domain.run_address import RunAddress, is_run_id
from launcher.domain.run_picture import RunPicture, picture_of
from launcher.errors import InvalidRequest
from launcher.services.common.attempt_events import events_of_attempt
from launcher.services.common.highlights import highlights_of
from launcher.services.common.record_observation import changes_of, documents_of, moments
from launcher.services.common.workbench import Workbench
from launcher.services.ending.account_of_run import CERTAINLY_OVER
from launcher.services.ending.settle import recorded_end
from launcher.stores.runs import RecordKind
from pod_image.contract.bodies import Ended
from pod_image.contract.events import Event, tells
from pod_image.contract.older_names import under_todays_names
from pod_image.contract.outcomes import EndReason
from pod_image.contract.places import DEFAULT_PLACE, PLACES
from pod_image.contract.plain import plain_line
from pod_image.contract.record import RunRecord

MOST_RUNS = 500
"""Of one repo's list: each costs a request."""
_AT_ONCE = 6
_LONGEST_WORD = 100
_LONGEST_TEXT = 2_000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST_SETTINGS_BYTES = 200_000
"""Over three times what a pod may be told."""
_NO_LAST_WORD = "Its deadline has passed, and its results repo does not say how it ended."


@dataclass(frozen=True)
class AttachedRun:
    """The newest attempt at a run, by its repo. `run.is_from_repo` says that nothing else vouches for it."""

    run: Run
    record: RunRecord | None
    events: tuple[Event, ...] = ()
    """One sequence by `seq`, as any other reader has it."""
    commit: str = ""
    """Where in the repo's history this was read."""
    is_whole: bool = True
    """False where events between the first and the last were left out, for their size."""
    moments: Mapping[str, datetime] = field(default_factory=dict)
    """First times of the time line, as the history keeps them."""
    documents: Mapping[RecordKind, dict[str, Any]] = field(default_factory=dict)
    """What the history keeps beside a run."""

    @cached_property
    def picture(self) -> RunPicture:
        return picture_of(self.events)


async def read_run(bench: Workbench, address: RunAddress) -> AttachedRun:
    """The run at its newest, or at the address's revision. Without a run id the repo's only run, or its newest.

    Raises InvalidRequest when the repo has no such run, HubError or NotConfigured when it cannot be read.
    """
    results = bench.results(address.repo)
    commit = await results.commit(address.revision)
    run_id = address.run_id or await _newest(bench, replace(address, revision=commit))
    record = _of_run(await results.record(run_id, commit), run_id)
    told = await results.told(run_id, commit)
    run = _run_of(address.repo, run_id, record, told.events)
    labels = (await results.labels([run_id], commit)).get(run_id) if run is not None else None
    if run is None:
        raise InvalidRequest(
            f"{address.repo} has no run {run_id}.",
            hint=_runs_there(address, await results.run_ids(commit)),
        )
    run = replace(run, labels=Labels.from_json(labels) or NO_LABELS)
    events = tuple(events_of_attempt(list(told.events), run, 0))
    heard = _with_end(run, record, events)
    return as_of(AttachedRun(run, record, heard, commit, told.is_whole), bench.provider_now())


async def list_runs(bench: Workbench, repo: str, revision: str = "") -> list[Run]:
    """Every run of a repo by its record, newest first, with `last_seq` 0: no event was read.

    Raises HubError or NotConfigured when the repo cannot be read.
    """
    results = bench.results(repo)
    commit = await results.commit(revision)
    turns = asyncio.Semaphore(_AT_ONCE)
    run_ids = _run_ids(await results.run_ids(commit))
    labels = await results.labels(run_ids, commit)

    async def look(run_id: str) -> Run | None:
        async with turns:
            record = _of_run(await results.record(run_id, commit), run_id)
        run = _run_of(repo, run_id, record, ())
        if run is None:
            return None
        run = replace(run, labels=Labels.from_json(labels.get(run_id)) or NO_LABELS)
        attached = AttachedRun(run, record, _with_end(run, record, ()), commit)
        return replace(as_of(attached, bench.provider_now()).run, last_seq=0)

    looked = await asyncio.gather(*(look(run_id) for run_id in run_ids))
    found = [run for run in looked if run is not None]
    return sorted(found, key=lambda run: run.planned_at, reverse=True)


async def delivered_events(bench: Workbench, run: Run) -> tuple[Event, ...]:
    """What this very attempt has delivered of its events, as one sequence by `seq`, with its end as its record has it.

    Once a later attempt has taken its place, its own file of events tells. Raises HubError or NotConfigured.
    """
    results = bench.results(run.results_repo)
    record = _of_run(await results.record(run.run_id), run.run_id)
    is_newest = record is None or not run.attempt_nonce or record.nonce == run.attempt_nonce
    told = await results.told(run.run_id, attempt=0 if is_newest else run.attempt)
    events = tuple(events_of_attempt(list(told.events), run, 0))
    return _with_end(run, record if is_newest else None, events)


async def _newest(bench: Workbench, address: RunAddress) -> str:
    found = await list_runs(bench, address.repo, address.revision)
    if not found:
        raise InvalidRequest(
            f"{address.repo} has no runs.", hint="The folder of a run contains a run.json."
        )
    return found[0].run_id


def _run_ids(folders: list[str]) -> list[str]:
    """Newest last where they are numbered; of a repo with very many runs the last ones."""
    return sorted(name for name in folders if is_run_id(name))[-MOST_RUNS:]


def _runs_there(address: RunAddress, folders: list[str]) -> str:
    addresses = [str(replace(address, run_id=name)) for name in _run_ids(folders)]
    return f"It has: {', '.join(addresses[-10:])}." if addresses else "It has no runs."


def _of_run(record: RunRecord | None, run_id: str) -> RunRecord | None:
    """A record that tells of another run was copied there, and tells nothing of this one."""
    return record if record is not None and record.run_id == run_id else None


def _run_of(
    repo: str, run_id: str, record: RunRecord | None, events: tuple[Event, ...]
) -> Run | None:
    """What the run is, before its events are taken in. None where neither record nor event tells of one."""
    if record is None:
        first = next((event for event in events if event.run_id == run_id), None)
        return None if first is None else _bare(repo, run_id, first.at)
    settings = under_todays_names(record.settings)
    created_at = _moment(record.created_at)
    ended_at, deadline = _moment(record.ended_at), _moment(record.deadline)
    started = [at for at in (created_at, ended_at, deadline) if at is not None]
    began_at = min([*started, *(event.at for event in events[:1])], default=None)
    run = _bare(repo, run_id, began_at or datetime(2000, 1, 1, tzinfo=UTC))
    return replace(
        run,
        attempt=min(max(record.attempt, 1), 10_000),
        nonce=_name_here(repo, run_id, record.nonce),
        told_nonce=_name(record.nonce),
        told_pod_id=_name(record.pod_id),
        price_per_hour_usd=_amount(record.price_per_hour_usd) or 0.0,
        gpu_name=shown_gpu(_word(record.gpu)),
        max_hours=_amount(settings.get("max_hours")) or 0.0,
        max_cost_usd=_amount(settings.get("max_cost_usd")) or 0.0,
        created_at=created_at,
        deadline=deadline,
        cost_usd=_amount(record.cost_usd),
        settings_json=_settings_json(settings),
        place=_place(settings),
    )


def _place(settings: Mapping[str, Any]) -> str:
    """Where it ran: whatever its repo says, a place that there is."""
    named = settings.get("provider")
    return named if isinstance(named, str) and named in PLACES else DEFAULT_PLACE


def _bare(repo: str, run_id: str, began_at: datetime) -> Run:
    return Run(
        run_id=run_id,
        results_repo=repo,
        attempt=1,
        nonce=_name_here(repo, run_id, ""),
        state=RunState.RUNNING,
        planned_at=began_at,
        is_from_repo=True,
    )


def _name_here(repo: str, run_id: str, told_nonce: str) -> str:
    """Stands where a nonce stands, and can be no pod's: those have ten letters and digits."""
    of = hashlib.sha256(f"{repo}/{run_id}\0{told_nonce}".encode("utf-8", "replace"))
    return f"repo-{of.hexdigest()[:20]}"


def _with_end(run: Run, record: RunRecord | None, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """With the last word as the record has it, where it is not among the events."""
    if record is None or record.state != "ended" or any(tells(each, Ended) for each in events):
        return events
    last = events[-1] if events else None
    at = _moment(record.ended_at) or (last.at if last is not None else run.planned_at)
    end = recorded_end(record, at=at, run_id=run.run_id, seq=last.seq + 1 if last else 1)
    return events if end is None else (*events, end)


def as_of(attached: AttachedRun, now: datetime) -> AttachedRun:
    """With what the record and the events say of the run at that time, as a history that heard them has it."""
    run, record = attached.run, attached.record
    firsts: dict[str, datetime] = {} if run.created_at is None else {"created": run.created_at}
    documents: dict[RecordKind, dict[str, Any]] = {}
    for event in attached.events:
        run = replace(run, **changes_of(run, event))
        for name, at in moments(event).items():
            firsts.setdefault(name, at)
        documents |= documents_of(run, event)
    if attached.events:
        documents |= highlights_of(attached.events)
    last = attached.events[-1] if attached.events else None
    run = replace(run, last_seq=last.seq if last is not None else 0)
    run = _closed(run, record, last.at if last is not None else None, now)
    run = replace(run, planned_at=min(run.planned_at, now))
    return replace(attached, run=run, moments=firsts, documents=documents)


def _closed(run: Run, record: RunRecord | None, last_sign: datetime | None, now: datetime) -> Run:
    """The run with its state: over when it said so, or when its pod cannot live any more."""
    run = replace(
        run, detail=plain_line(run.detail)[:_LONGEST_TEXT], cost_usd=_amount(run.cost_usd)
    )
    if run.end_reason is None and record is not None and record.state == "ended":
        reason = record.end_reason or EndReason.LOST
        detail = plain_line(record.detail)[:_LONGEST_TEXT] or reason.sentence
        ended_at = _moment(record.ended_at) or last_sign or run.deadline
        run = replace(run, end_reason=reason, detail=detail, ended_at=ended_at)
    if run.end_reason is None and run.deadline is not None and now - run.deadline > CERTAINLY_OVER:
        ended_at = min(last_sign or run.deadline, run.deadline)
        run = replace(run, end_reason=EndReason.LOST, detail=_NO_LAST_WORD, ended_at=ended_at)
    return run if run.end_reason is None else replace(run, state=RunState.ENDED)


def _settings_json(settings: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(settings, allow_nan=False)
    except (ValueError, RecursionError):
        return "{}"
    return text if len(text) <= _MOST_SETTINGS_BYTES else "{}"


def _moment(at: datetime | None) -> datetime | None:
    """A time that can be reckoned with, and that a run of ours can have."""
    return at if at is not None and 2020 <= at.year < 2200 else None


def _amount(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value < 1e9 else None


def _name(text: str) -> str:
    """What a platform or a launcher calls something; anything else is no name."""
    return text if _NAME.fullmatch(text) else ""


def _word(text: str) -> str:
    return plain_line(text)[:_LONGEST_WORD]
