"""From a started container to a run that may work: the document read, the kill chain proved, the past looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pod_image.agent.attempt_state import AttemptFile, AttemptState
from pod_image.agent.boot import Armed, arm_pod
from pod_image.agent.clock import AnchoredClock
from pod_image.agent.events import EventLog, Masking, last_moment, last_seq
from pod_image.agent.limits import Limits
from pod_image.agent.machine_trial import Expected, try_machine
from pod_image.agent.places.base import OwnPod
from pod_image.agent.ports import Hub, HubTrouble, Ports, RunHub
from pod_image.agent.record import installed_versions
from pod_image.agent.run import Run
from pod_image.agent.run_log import RunLog
from pod_image.agent.start_decision import Begin, GoOn, Known, ReleaseOnly, Start, decide
from pod_image.agent.telling import Telling, addresses_in, told_in, words_of
from pod_image.contract.common_settings import UNSIZED_BOOT_MINUTES
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.environment import (
    DATASET_TOKEN_VARIABLE,
    HUB_URL_VARIABLE,
    UPLOAD_TOKEN_VARIABLE,
    RunDocument,
    secret_values,
)
from pod_image.contract.nodes import node_in
from pod_image.contract.paths import ResultsFolder, RunFolder
from pod_image.contract.record import RunRecord
from pod_image.contract.whole_file import write_whole
from pod_image.recipes import load
from pod_image.recipes.base import Recipe

_STEP = re.compile(r"(\d+)(?!.*\d)")
LOST_EVENTS = 100


@dataclass(frozen=True)
class Past:
    """What the results repo and the disk say about earlier lives of this run."""

    record: RunRecord | None
    hub_answers: bool
    disk_step: int | None


def masking_of(ports: Ports) -> Masking:
    return Masking(secret_values(ports.environment))


def hub_of(ports: Ports, document: RunDocument) -> Hub:
    environment, settings = ports.environment, document.settings
    return ports.hub(
        RunHub(
            endpoint=environment.get(HUB_URL_VARIABLE, ""),
            dataset_repo=settings.dataset_repo,
            results_repo=settings.results_there,
            dataset_token=environment.get(DATASET_TOKEN_VARIABLE, ""),
            upload_token=environment.get(UPLOAD_TOKEN_VARIABLE, ""),
            more_datasets=tuple(each.repo for each in chosen_datasets(settings)[1:]),
        )
    )


def make_folders(folder: RunFolder, recipe: Recipe, hand_over: Callable[[Path], None]) -> None:
    """The run's folders; the recipe's own are handed to the user its stages run as."""
    folder.out.mkdir(parents=True, exist_ok=True)
    folder.instructions.mkdir(mode=0o700, exist_ok=True)
    folder.dataset.mkdir(exist_ok=True)
    folder.base.mkdir(exist_ok=True)
    folder.prepared.mkdir(exist_ok=True)
    hand_over(folder.prepared)
    for name in recipe.folders:
        (folder.out / name).mkdir(exist_ok=True)
        hand_over(folder.out / name)


async def look_back(ports: Ports, hub: Hub, document: RunDocument, folder: RunFolder) -> Past:
    """Read the attempt's record. Without an answer of the Hub only the disk speaks."""
    results = ResultsFolder(document.run_id)
    try:
        content = await ports.run_blocking(lambda: hub.read(results.record))
    except HubTrouble:
        return Past(None, False, disk_step(folder))
    return Past(RunRecord.from_json(content), True, disk_step(folder))


async def restore_events(
    ports: Ports, hub: Hub, document: RunDocument, past: Past, path: Path
) -> bytes:
    """Bring events.jsonl back where the disk lost it, so that `seq` goes on. Returns an earlier attempt's."""
    is_ours = past.record is not None and past.record.nonce == document.attempt.nonce
    if past.record is None or (is_ours and last_seq(path)):
        return b""
    try:
        content = await ports.run_blocking(lambda: hub.read(ResultsFolder(document.run_id).events))
    except HubTrouble:
        return b""
    if is_ours:
        with suppress(OSError):  # a full disk loses the earlier events here, not the run
            write_whole(path, content or b"", is_durable=True)
        return b""
    return content or b""


def said_since(path: Path, now: float, *, was_lost: bool) -> int:
    """How many events may have been said that events.jsonl lost with the disk; numbers are not used twice."""
    if not was_lost:
        return 0
    return LOST_EVENTS + 2 * int(max(0.0, now - last_moment(path)))


def disk_step(folder: RunFolder) -> int | None:
    """Step of the newest checkpoint on this disk, which its name ends with."""
    steps = [
        int(match.group(1))
        for path in folder.checkpoints.glob("*")
        if not path.name.startswith(".") and (match := _STEP.search(path.stem))
    ]
    return max(steps, default=None)


async def open_run(
    ports: Ports,
    document: RunDocument,
    pod: OwnPod,
    clock: AnchoredClock,
    attempt_file: AttemptFile,
) -> tuple[Run, Armed, Start]:
    """Prove the kill chain, look back, decide. Nothing was fetched yet, and nothing said but log lines."""
    folder = RunFolder(ports.folder)
    hub = hub_of(ports, document)
    armed = await arm_pod(ports, document, pod, hub, clock)
    past = await look_back(ports, hub, document, folder)
    start = decide(known(document, attempt_file.state, past, armed.limits, clock.now(), ports))
    begins = attempt_file.state.boots == 0 and isinstance(start, Begin | GoOn)
    if ports.checks_machine and pod.is_rented and begins:
        expected = Expected.of(pod, armed.reading)
        price = armed.limits.price_per_hour_usd
        tried = await try_machine(ports, hub, expected, document.dataset_commit, price)
        armed = replace(armed, checks=(*armed.checks, *tried))
    earlier, was_lost = b"", not last_seq(folder.events)
    if not isinstance(start, ReleaseOnly):
        earlier = await restore_events(ports, hub, document, past, folder.events)
    log = RunLog(folder.log, clock.now)
    log.begin_attempt(document.attempt.number, attempt_file.state.boots + 1)
    recipe = load(document.settings.recipe)
    events = EventLog(
        folder.events,
        document.run_id,
        clock,
        ports.write_line,
        masking_of(ports),
        gap_seconds=ports.timing.event_gap_seconds,
        skipped=said_since(folder.events, clock.now(), was_lost=was_lost),
        run_log=log,
    )
    run = Run(
        ports=ports,
        document=document,
        folder=folder,
        recipe=recipe,
        hub=hub,
        pod=pod,
        clock=clock,
        events=events,
        log=log,
        limits=armed.limits,
        attempt_file=attempt_file,
        reading=armed.reading,
        versions=installed_versions(recipe),
        telling=telling_of(ports, document, events, armed.limits, clock),
    )
    is_new = past.record is None and past.hub_answers
    run.log_is_apart = not (log.has_earlier or is_new)
    take_over(run, past.record, earlier)
    await ports.run_blocking(lambda: read_course(run, earlier))
    return run, armed, start


def read_course(run: Run, earlier_events: bytes) -> None:
    """The curves go on from where an earlier life left them. May take a while: a long run said a lot."""
    course = run.progress.course
    course.read(earlier_events.decode("utf-8", "replace").split("\n"))
    course.read_file(run.folder.events)


def telling_of(
    ports: Ports, document: RunDocument, events: EventLog, limits: Limits, clock: AnchoredClock
) -> Telling:
    """Tells what these events say, and not again what an earlier life of the attempt has told."""
    environment = ports.environment
    telling = Telling(
        addresses=addresses_in(environment),
        words=words_of(document, environment),
        limits=limits,
        clock=clock,
        http=ports.http,
        emit=events.emit,
        told=set(told_in(events.path)),
    )
    events.hear = telling.hear
    return telling


def known(
    document: RunDocument,
    attempt_state: AttemptState,
    past: Past,
    limits: Limits,
    now: float,
    ports: Ports,
) -> Known:
    """All that a start is decided from."""
    age_seconds = now - limits.created_at
    boot_minutes = document.settings.boot_minutes or UNSIZED_BOOT_MINUTES
    return Known(
        document=document,
        attempt_state=attempt_state,
        record=past.record,
        hub_answers=past.hub_answers,
        disk_step=past.disk_step,
        is_young=age_seconds <= boot_minutes * 60,
        same_resume_limit=ports.timing.same_resume_limit,
        node=node_in(ports.environment),
    )


def take_over(run: Run, record: RunRecord | None, earlier_events: bytes) -> None:
    """Carry on what the record knows of this run: its checkpoint, its instructions, what was delivered."""
    if record is None:
        return
    run.progress.checkpoint = record.checkpoint
    attempt_state = run.attempt_file.state
    run.attempt_file.note(commands_taken=max(attempt_state.commands_taken, record.commands_taken))
    if record.nonce == run.document.attempt.nonce:
        run.delivered |= {file.path: file for file in record.delivered}
        run.attempt_file.note(boots=max(attempt_state.boots, record.boots))
        run.progress.step = record.steps
    elif earlier_events:
        run.carried[run.results.earlier_events(record.attempt)] = earlier_events
