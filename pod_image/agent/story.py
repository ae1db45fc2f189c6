"""The story of a run, from the container's start to the pod's release; every way through it ends in the release."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from functools import partial

from pod_image.agent.agent_lock import take_lock
from pod_image.agent.attempt_state import AttemptFile, Ending
from pod_image.agent.boot import Armed, caps_of
from pod_image.agent.clock import AnchoredClock
from pod_image.agent.events import EventLog, Masking, last_seq
from pod_image.agent.further_life import FurtherLife
from pod_image.agent.guard import FIRST_BEAT_SECONDS
from pod_image.agent.keeper import GuardKeeper
from pod_image.agent.life import Life
from pod_image.agent.limits import Caps
from pod_image.agent.places import own_pod
from pod_image.agent.places.base import OwnPod
from pod_image.agent.ports import Line, Ports
from pod_image.agent.release import release_for_ever
from pod_image.agent.run import Run
from pod_image.agent.start import make_folders, masking_of, open_run
from pod_image.agent.start_decision import (
    Begin,
    DeliverOnly,
    GoOn,
    Hold,
    Refuse,
    ReleaseOnly,
    Start,
    run_id_in,
)
from pod_image.contract.bodies import ArmedReport, Ended, PhaseChange, RunWarning
from pod_image.contract.contract_error import ContractError
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.nodes import node_in
from pod_image.contract.outcomes import EndReason, Phase
from pod_image.contract.paths import RunFolder
from pod_image.contract.sent_steps import sent_steps
from pod_image.recipes import load

NOT_A_POD = 2


async def run_pod(ports: Ports) -> int:
    """Live one pod's life. Never returns in a pod: a container that exits is started again, and bills.

    Returns 0 where the container's end is the pod's own, and NOT_A_POD where there is no pod to release, or where
    another agent is at work already.
    """
    pod = own_pod(ports.environment, ports.http)
    if not pod.pod_id:
        ports.write_line("This program only works in a pod that the launcher started.")
        return NOT_A_POD
    try:
        held = _hold(ports)
    except BlockingIOError:
        ports.write_line(f"An agent is already running in {ports.folder}.")
        return NOT_A_POD
    with held:
        say = _sayer(ports, masking_of(ports))
        keeper = GuardKeeper(ports, pod, _caps(ports), say)
        keeping = asyncio.ensure_future(keeper.keep())
        try:
            await _live_and_release(ports, pod, keeper, say)
        finally:
            keeping.cancel()
    return 0


async def _live_and_release(ports: Ports, pod: OwnPod, keeper: GuardKeeper, say: Line) -> None:
    """The run, then the release: it comes whatever the run comes to, and waits for nothing.

    Returns only where the pod ends with its container.
    """
    clock = AnchoredClock(ports.clock, ports.uptime)
    life = None
    try:
        life = await _work(ports, pod, clock, keeper)
    except Exception:
        for line in traceback.format_exc().splitlines():
            say(line)
        with suppress(Exception):  # a disk that takes no word keeps no pod
            _say_cannot_go_on(ports, RunFolder(ports.folder), clock)
    is_first = node_in(ports.environment).is_first
    if not is_first:
        await _wait_for_the_first(ports, clock, life)
    keeper.join_release()
    await _flush_output(ports)
    works: list[Callable[[], Awaitable[None]]]
    works = []
    if life is not None and is_first:
        works = [life.linger, partial(_tell_of_failed_release, life, ports)]
    beside = [asyncio.ensure_future(_saying_faults(work, say)) for work in works]
    try:
        await release_for_ever(pod, clock, ports.timing, say)
    finally:
        for each in beside:
            each.cancel()


async def _wait_for_the_first(ports: Ports, clock: AnchoredClock, life: Life | None) -> None:
    """The first node is still at work, or delivers: until the caps the cluster is not this node's to end."""
    caps = _caps(ports)
    deadline = caps.deadline if caps is not None else clock.now() + FIRST_BEAT_SECONDS
    ends_at = life.run.limits.ends_at if life is not None else deadline
    while (left := ends_at - clock.now()) > 0:
        await clock.sleep(min(left, FIRST_BEAT_SECONDS))


def _hold(ports: Ports) -> AbstractContextManager[object]:
    """The folder's lock; nothing where a disk refuses it: that must not keep the pod from its release."""
    try:
        return take_lock(ports.folder)
    except BlockingIOError:
        raise
    except OSError as exc:
        ports.write_line(f"agent: {ports.folder} cannot be locked: {exc.strerror}")
        return nullcontext()


async def _flush_output(ports: Ports) -> None:
    """A moment for what was said last: the log of a pod that is gone cannot be read. Never more, never raises."""
    flushing = asyncio.ensure_future(_flush(ports))
    await asyncio.wait({flushing}, timeout=ports.timing.flush_seconds)
    flushing.cancel()


async def _flush(ports: Ports) -> None:
    with suppress(Exception):
        await ports.flush()


async def _tell_of_failed_release(life: Life, ports: Ports) -> None:
    """Whoever still lives so late is paid for, and a person can end it where the pod cannot."""
    await ports.clock.sleep(ports.timing.tell_unreleased_seconds)
    await life.run.telling.cannot_release()


async def _saying_faults(work: Callable[[], Awaitable[None]], say: Line) -> None:
    """What is done while the pod does not go. The release waits for none of it."""
    try:
        await work()
    except Exception:
        for line in traceback.format_exc().splitlines():
            say(line)


async def _work(
    ports: Ports, pod: OwnPod, clock: AnchoredClock, keeper: GuardKeeper
) -> Life | None:
    """Everything before the release. Returns the life that was lived, if there was one."""
    keeper.look()
    folder = RunFolder(ports.folder)
    node = node_in(ports.environment)
    try:
        document = RunDocument.from_json(ports.environment.get(RUN_VARIABLE, ""))
    except ContractError as exc:
        _say_refused(ports, folder, clock, exc)
        return None
    if not node.is_first:
        # Until more is known: its guard must not end what the other nodes are at.
        keeper.release_in(lambda: document.deadline.timestamp() - clock.now())
    attempt_file = AttemptFile.open(folder.attempt_state, document.attempt.nonce)
    if attempt_file.state.is_over:
        return None
    processes = ports.processes
    await processes.clear_leftovers(attempt_file.state.stage_pid, attempt_file.state.stage_started)
    user, why = processes.trainer_user(folder.root)
    make_folders(
        folder, load(document.settings.recipe), lambda path: processes.hand_over(path, user)
    )
    began = asyncio.get_running_loop().time()
    run, armed, start = await open_run(ports, document, pod, clock, attempt_file)
    run.user = user
    if isinstance(start, ReleaseOnly):
        run.events.say(f"Nothing to do: {start.why}.")
        return None
    boot_seconds = asyncio.get_running_loop().time() - began
    start = _announce(run, armed, start, boot_seconds)
    if why and pod.is_rented:  # of a machine of one's own the plan has said it
        _warn_shared_user(run, why)
    keeper.release_in(lambda: run.seconds_left)
    life = Life.of(run) if node.is_first else FurtherLife.of(run)
    await life.live(start)
    return life


def _announce(run: Run, armed: Armed, start: Start, boot_seconds: float) -> Start:
    """Say `armed`, and go no further where the money could not be ended or the results not delivered."""
    is_under_way = isinstance(start, GoOn | DeliverOnly | Hold)
    works = armed.works or (armed.money_works and is_under_way)
    began = run.now() - boot_seconds
    # What a container did that was started before this one is not known here.
    is_first = run.attempt_file.state.boots == 0 and isinstance(start, Begin | GoOn)
    run.progress.gpu_idle.begin(run.limits.created_at if is_first else began)
    run.progress.enter(Phase.BOOT, began)
    run.events.emit(PhaseChange(phase=Phase.BOOT, state="started"))
    run.events.emit(
        ArmedReport(
            works=works,
            arms=armed.checks,
            deadline=datetime.fromtimestamp(run.limits.ends_at, UTC),
            price_per_hour_usd=run.limits.price_per_hour_usd,
        )
    )
    seconds = run.progress.leave(run.now())
    run.events.emit(PhaseChange(phase=Phase.BOOT, state="ended", seconds=round(seconds, 2)))
    if works:
        return start
    broken = "; ".join(f"{check.name}: {check.detail}" for check in armed.checks if not check.works)
    ending = Ending(EndReason.BOOT_FAILED, f"Not ready: {broken}.", armed.hub_hint)
    if isinstance(start, GoOn):  # it learns no more, and makes a voice of what it has learnt
        return DeliverOnly(ending)
    return start if isinstance(start, DeliverOnly) else Refuse(ending)


def _warn_shared_user(run: Run, why: str) -> None:
    run.events.emit(
        RunWarning(
            code="shared_user",
            message=f"The training process runs as the agent's own user: {why}.",
            hint="In an image of your own, make a user `trainer` that can run its Python.",
        )
    )


def _caps(ports: Ports) -> Caps | None:
    try:
        return caps_of(RunDocument.from_json(ports.environment.get(RUN_VARIABLE, "")))
    except ContractError:
        return None  # said, with its reason, when the run's document is read


def _say_refused(ports: Ports, folder: RunFolder, clock: AnchoredClock, exc: ContractError) -> None:
    """`ended` without a run: the launcher sent what this image cannot take."""
    ended = Ended(
        reason=EndReason.BOOT_FAILED,
        detail=str(exc),
        hint=str(exc.hint),
        hint_steps=sent_steps(exc.hint),
    )
    _say_ended(ports, folder, clock, ended)


def _say_cannot_go_on(ports: Ports, folder: RunFolder, clock: AnchoredClock) -> None:
    """`ended` of a container whose agent failed before it came to its run, or to going on with it."""
    reason = EndReason.FAILED if last_seq(folder.events) else EndReason.BOOT_FAILED
    ended = Ended(
        reason=reason,
        detail="The agent had an internal error before the run began; see the pod's log.",
    )
    _say_ended(ports, folder, clock, ended)


def _say_ended(ports: Ports, folder: RunFolder, clock: AnchoredClock, ended: Ended) -> None:
    folder.out.mkdir(parents=True, exist_ok=True)
    run_id = run_id_in(ports.environment.get(RUN_VARIABLE, ""))
    events = EventLog(folder.events, run_id, clock, ports.write_line, masking_of(ports))
    events.close(ended)
    events.say_last_word()


def _sayer(ports: Ports, masking: Masking) -> Line:
    return lambda text: ports.write_line(masking(f"agent: {text}"))
