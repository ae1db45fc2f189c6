"""Runs that can be gone on with: they are over and have a checkpoint, here or in the chosen results repo."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from launcher.domain.run import Run, RunState
from launcher.domain.run_address import is_run_id
from launcher.errors import LauncherError
from launcher.services.choosing.option import Listing, Option, shown_words
from launcher.services.common.workbench import Workbench
from pod_image.contract.bodies import CheckpointWritten
from pod_image.contract.events import from_line
from pod_image.contract.hub_inputs import REPO
from pod_image.contract.knobs import Knob, Scope
from pod_image.contract.next_steps import Said, Sentence
from pod_image.contract.older_settings import taken_over
from pod_image.contract.outcomes import EndReason
from pod_image.contract.record import RunRecord
from pod_image.contract.settings import SETTINGS

MOST_OF_REPO = 12
"""Runs of a repo that are looked at, the newest by their names: each is a call."""
MOST_OF_HISTORY = 40
BLOCK_BYTES = 1 << 20
"""Of a run's events on this computer, read from their end: the newest checkpoint is mostly in the first block."""
_CHECKPOINT = b'"checkpoint"'


@dataclass(frozen=True)
class Continuable:
    """A run with a checkpoint at `step`, and the settings that it had."""

    repo: str
    run_id: str
    step: int
    at: datetime | None
    end_reason: EndReason | None
    values: Mapping[str, Any]
    is_from_here: bool


async def runs_to_continue(bench: Workbench, repo: str) -> Listing:
    """Those of the repo first, then those of this computer that went elsewhere. Never raises for the Hub."""
    notes: list[Said] = []
    in_repo: list[Continuable] = []
    under_way = {run.run_id for run in bench.runs.live() if run.results_repo == repo}
    if repo:
        try:
            in_repo, note = await _of_repo(bench, repo, under_way)
            notes += [note] if note else []
        except LauncherError as error:
            notes.append(Sentence(f"The runs of {repo} could not be listed: ", error.message))
    told = {(each.repo, each.run_id) for each in in_repo}
    looked_at = {repo} if in_repo else set()
    here = [
        each
        for each in await asyncio.to_thread(lambda: list(_of_this_computer(bench)))
        if (each.repo, each.run_id) not in told and each.repo not in looked_at
    ]
    options = tuple(_option(each) for each in [*in_repo, *here])
    if not options:
        notes.insert(
            0,
            "This computer knows no run with a checkpoint to continue from"
            + (f", nor in {repo}." if repo else "."),
        )
    return Listing(options, tuple(notes), continues=True)


async def _of_repo(
    bench: Workbench, repo: str, under_way: set[str]
) -> tuple[list[Continuable], Said]:
    """Raises HubError, NotConfigured."""
    results = replace(bench, hub=bench.hub.in_a_hurry()).results(repo)
    ids = [each for each in await results.run_ids() if is_run_id(each)]
    ids = sorted(ids, key=_natural, reverse=True)
    newest = [each for each in ids[:MOST_OF_REPO] if each not in under_way]
    records = await asyncio.gather(*(results.record(each) for each in newest))
    found = [
        _of_record(repo, run_id, record) for run_id, record in zip(newest, records, strict=True)
    ]
    note = (
        f"Of {len(ids)} runs in {repo} the newest {MOST_OF_REPO} were looked at. The id of an older one can be typed."
        if len(ids) > MOST_OF_REPO
        else ""
    )
    return [each for each in found if each is not None], note


def _natural(run_id: str) -> tuple[object, ...]:
    """So that run-10 comes after run-9."""
    parts = re.split(r"(\d+)", run_id)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)


def _of_record(repo: str, run_id: str, record: RunRecord | None) -> Continuable | None:
    if record is None or record.checkpoint is None:
        return None
    return Continuable(
        repo, run_id, record.checkpoint.step, record.ended_at, record.end_reason,
        {"recipe": record.recipe, **record.settings}, is_from_here=False,
    )  # fmt: skip


def _of_this_computer(bench: Workbench) -> Iterator[Continuable]:
    """By the newest attempt of each that is over; its events tell of checkpoints."""
    seen: set[str] = set()
    for run in bench.runs.runs(limit=MOST_OF_HISTORY):
        if run.address in seen:
            continue
        seen.add(run.address)
        if run.state is not RunState.ENDED or not REPO.fullmatch(run.results_repo):
            continue
        step = _last_checkpoint(bench.config.data_folder / "events" / f"{run.nonce}.jsonl")
        if step is not None:
            yield Continuable(
                run.results_repo, run.run_id, step, run.ended_at, run.end_reason, _values(run),
                is_from_here=True,
            )  # fmt: skip


def _values(run: Run) -> dict[str, Any]:
    with suppress(ValueError):
        document = json.loads(run.settings_json)
        return document if isinstance(document, dict) else {}
    return {}


def _last_checkpoint(journal: Path) -> int | None:
    """The step of the newest one, however long ago it was told; None where the events tell of none."""
    try:
        for line in _lines_from_the_end(journal):
            event = from_line(line.decode("utf-8", "replace")) if _CHECKPOINT in line else None
            if event is not None and isinstance(event.body, CheckpointWritten):
                return event.body.step
    except OSError:
        return None
    return None


def _lines_from_the_end(path: Path) -> Iterator[bytes]:
    """The newest first. Of a file that is long little is read where the first will do."""
    with path.open("rb") as file:
        left, begun = file.seek(0, os.SEEK_END), b""
        while left:
            size = min(left, BLOCK_BYTES)
            left = file.seek(left - size)
            first, *lines = (file.read(size) + begun).split(b"\n")
            yield from reversed(lines)
            begun = first
    yield begun


def _option(run: Continuable) -> Option:
    ended = run.end_reason.sentence if run.end_reason is not None else ""
    when = f"{run.at.day} {run.at:%B %Y}, " if run.at else ""
    return Option(
        run.run_id,
        f"{run.run_id} of {run.repo}",
        shown_words(f"{when}step {run.step:,}. {ended}".strip()),
        marks=("this computer",) if run.is_from_here else (),
        also={**_kept(run), "results_repo": run.repo},
    )


def _kept(run: Continuable) -> dict[str, Any]:
    """Of its settings what it can only go on with, and which clips it learns from."""
    try:
        had = taken_over(dict(run.values), of_another_release=True).values
    except (TypeError, ValueError):
        return {}
    own = {name for name, each in SETTINGS.items() if _goes_on(each.knob)} - {"run_id"}
    if not run.is_from_here:
        own = {name for name in own if not _does_something(SETTINGS[name].knob)}
    return {name: value for name, value in had.items() if name in own}


def _goes_on(knob: Knob) -> bool:
    return knob.is_settled or knob.scope is Scope.RUN


def _does_something(knob: Knob) -> bool:
    """Whether a value runs a command, or takes files and secrets along: from a repo, which others may write, never."""
    return knob.is_command or knob.is_local or knob.names_secrets
