"""What an observation means for the history: one place decides, launch and watch both write it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from launcher.domain.pod import PodStatus
from launcher.domain.run import Run, RunState
from launcher.domain.run_picture import told_cost_usd
from launcher.services.common.highlights import keep_highlights
from launcher.services.common.observations import EventSeen, PodSeen
from launcher.services.common.workbench import Workbench
from launcher.stores.runs import RecordKind
from pod_image.contract.bodies import ArmedReport, Ended, PhaseChange, Step, Upload
from pod_image.contract.events import Event, to_document
from pod_image.contract.outcomes import Phase

_CENT_USD = 0.01
ENDING_PHASES = (Phase.EXPORT, Phase.DELIVER, Phase.RELEASE)


def note(bench: Workbench, run: Run, seen: object) -> Run:
    """Write down what an observation changes; returns the run as it is now."""
    if isinstance(seen, PodSeen):
        return _note_pod(bench, run, seen)
    if not isinstance(seen, EventSeen):
        return run
    event = seen.event
    for moment, at in moments(event).items():
        bench.runs.mark(run, moment, at)
    keep_highlights(bench.runs, run, event)
    if isinstance(event.body, Ended):
        bench.runs.keep(run, RecordKind.ENDED, to_document(event))
    if isinstance(event.body, ArmedReport) and (trial := _trial(event.body)):
        _keep_machine(bench, run, **trial)
    wanted = changes_of(run, event)
    changes = {name: value for name, value in wanted.items() if getattr(run, name) != value}
    return bench.runs.update(run, **changes) if _is_worth_a_write(run, changes) else run


def _is_worth_a_write(run: Run, changes: Mapping[str, Any]) -> bool:
    """Each one waits for the disk. A cost that is told with every step is written about once a minute: a hundred runs
    would otherwise keep a process at its disk."""
    if changes.keys() != {"cost_usd"} or run.cost_usd is None:
        return bool(changes)
    of_a_minute = max(_CENT_USD, run.price_per_hour_usd / 60)
    return bool(abs(changes["cost_usd"] - run.cost_usd) >= of_a_minute)


def changes_of(run: Run, event: Event) -> dict[str, Any]:
    """Fields of the run that the event sets."""
    cost_usd = told_cost_usd(event.body)
    changes: dict[str, Any] = {} if cost_usd is None else {"cost_usd": cost_usd}
    match event.body:
        case ArmedReport(works=True, deadline=deadline):
            changes |= {"armed_at": event.at, "deadline": deadline or run.deadline}
            changes["state"] = _at_least(run, RunState.RUNNING)
        case PhaseChange(phase=phase, state="started") if phase in ENDING_PHASES:
            changes["state"] = _at_least(run, RunState.ENDING)
        case Ended() as ended:
            changes |= {"end_reason": ended.reason, "detail": ended.detail, "ended_at": event.at}
            changes["not_delivered"] = ended.missing_count
            changes["state"] = _at_least(run, RunState.ENDING)
    return changes


def moments(event: Event) -> dict[str, datetime]:
    """Points of the run's time line that the event is the first word of."""
    match event.body:
        case ArmedReport():
            return {"armed": event.at}
        case PhaseChange(state="started", phase=phase):
            return {phase.value: event.at}
        case PhaseChange(phase=Phase.FETCH, state="ended"):
            return {"dataset_there": event.at}
        case Step():
            return {"first_step": event.at}
        case Upload():
            return {"first_upload": event.at}
        case Ended():
            return {"ended": event.at}
    return {}


def documents_of(run: Run, event: Event) -> dict[RecordKind, dict[str, Any]]:
    """What is kept beside the run of the event; for who has all of them at once."""
    if isinstance(event.body, Ended):
        return {RecordKind.ENDED: to_document(event)}
    trial = _trial(event.body) if isinstance(event.body, ArmedReport) else {}
    return {RecordKind.MACHINE: {"gpu": run.gpu_name} | trial} if trial else {}


def _trial(report: ArmedReport) -> dict[str, Any]:
    """What the machine did when it was tried; a container that is started again tries nothing, and says nothing new."""
    tried = [check for check in report.arms if check.is_about_machine]
    if not tried:
        return {}
    return {
        "tried": {check.name: check.detail for check in tried},
        # A Hub that does not answer is no fault of the machine.
        "works": all(check.works for check in tried),
        "ids": [each for check in tried for each in check.ids],
    }


def note_unfit(bench: Workbench, run: Run, why: str) -> None:
    """Remember a machine on which the run's container did not even start."""
    _keep_machine(bench, run, tried={"container": why}, works=False)


def _keep_machine(bench: Workbench, run: Run, **facts: Any) -> None:
    known = bench.runs.kept(run, RecordKind.MACHINE) or {}
    if known | facts != known:
        bench.runs.keep(run, RecordKind.MACHINE, {"gpu": run.gpu_name} | known | facts)


def _note_pod(bench: Workbench, run: Run, seen: PodSeen) -> Run:
    pod = seen.pod
    if pod.data_center:
        _keep_machine(bench, run, data_center=pod.data_center, cloud=pod.cloud or "")
    if pod.status is PodStatus.STARTING:
        bench.runs.mark(run, "image_pull", bench.clock.now())
    if pod.status is PodStatus.RUNNING:
        bench.runs.mark(run, "container", pod.started_at or bench.clock.now())
    changes: dict[str, Any] = {}
    price_usd = pod.whole_price(run.price_per_hour_usd)
    if price_usd != run.price_per_hour_usd:
        changes["price_per_hour_usd"] = price_usd
    if pod.created_at is not None and run.created_at is None:
        changes["created_at"] = pod.created_at
    return bench.runs.update(run, **changes) if changes else run


def _at_least(run: Run, state: RunState) -> RunState:
    """States only go forward: an older event, read late, does not bring a run back to life."""
    order = list(RunState)
    return state if order.index(state) > order.index(run.state) else run.state
