"""Whether a pod has ever said that it can end itself, by its log and by what it delivered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from launcher.domain.pod import Pod, PodName
from launcher.errors import LauncherError, PodGone
from launcher.services.common.workbench import Workbench
from pod_image.contract.bodies import (
    ArmedReport,
    Body,
    CheckpointWritten,
    Heartbeat,
    MachineReading,
    PhaseChange,
    Sample,
    Step,
    Upload,
)
from pod_image.contract.events import Stamped, from_line, tells
from pod_image.contract.outcomes import Phase

QUIET_SECONDS = 5.0
"""A log that says nothing for so long has said what it had."""
FIRST_LINE_SECONDS = 15.0
"""How long the log may take to say anything at all."""
_LAST_LINES = 5_000
"""As far back as the log goes."""
_LATER = (Step, Heartbeat, MachineReading, Sample, CheckpointWritten, Upload)
"""What only an armed pod says."""


@dataclass(frozen=True)
class Heard:
    """`armed` is what the pod said of it, where the log still has that."""

    is_armed: bool
    armed: Stamped[ArmedReport] | None = None


async def hear_armed(bench: Workbench, pod: Pod, name: PodName, results_repo: str) -> Heard:
    """Whether the pod is armed. Where it cannot be told it counts as armed: then the deadline decides, not a guess."""
    try:
        heard, lines = await _in_log(bench, pod, name)
    except LauncherError:
        return Heard(is_armed=True)
    if heard is not None:
        return heard
    was_started = pod.started_at is not None or bool(pod.uptime_seconds)
    # A log that is silent although there is a container, or that begins later than the pod, proves nothing.
    says_so = lines < _LAST_LINES and (lines > 0 or not was_started)
    try:
        return Heard(is_armed=await _has_delivered(bench, name, results_repo))
    except LauncherError:
        return Heard(is_armed=not says_so)


async def _in_log(bench: Workbench, pod: Pod, name: PodName) -> tuple[Heard | None, int]:
    count = 0
    async with aclosing(_recent(bench, pod)) as lines:
        async for line in lines:
            count += 1
            event = from_line(line)
            if event is not None and event.run_id == name.run_id and _is_of_the_armed(event.body):
                return Heard(True, event if tells(event, ArmedReport) else None), count
    return None, count


def _is_of_the_armed(body: Body) -> bool:
    match body:
        case ArmedReport():
            return body.works
        case PhaseChange():
            return body.phase is not Phase.BOOT
    return isinstance(body, _LATER)


async def _has_delivered(bench: Workbench, name: PodName, results_repo: str) -> bool:
    """An attempt that has begun says so in the results repo. Raises LauncherError where that cannot be read."""
    results = bench.results(results_repo)
    await results.commit()  # a repo that this token may not see looks like one without the file
    record = await results.record(name.run_id)
    return record is not None and record.nonce == name.nonce


async def _recent(bench: Workbench, pod: Pod) -> AsyncGenerator[str, None]:
    """The newest lines of the container, until the log falls silent."""
    async with aclosing(bench.provider.log(pod.id, tail=_LAST_LINES)) as lines:
        patience = FIRST_LINE_SECONDS
        while True:
            try:
                line = await asyncio.wait_for(anext(lines), patience)
            except (TimeoutError, StopAsyncIteration, PodGone):
                return
            patience = QUIET_SECONDS
            if line.source == "container":
                yield line.text
