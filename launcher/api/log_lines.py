"""What a run printed, from its pod while there is one, else as it delivered it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from launcher.domain.run import Run as KnownRun
from launcher.domain.run import RunState
from launcher.errors import LauncherError, PodGone
from launcher.services.common.workbench import Workbench
from launcher.services.ending.refresh import refreshed
from launcher.services.following.delivered_log import delivered_story
from pod_image.contract.events import Event, from_line, to_line
from pod_image.contract.run_log import LoggedLine

FIRST_LINE_SECONDS = 3.0
QUIET_SECONDS = 0.5
"""A log that is not followed, and says nothing for so long, has said what it had: that comes in one piece."""
SLACK = timedelta(seconds=1)
"""Two clocks of one cloud may differ by so much."""


@dataclass(frozen=True)
class LogLine:
    """`source`: "container", or "system" for what the machine says. `event`: what the line tells, where it is one.

    What a stranger's program prints stands in `text`: show it as text, and never as anything else.
    """

    text: str
    source: str = "container"
    at: datetime | None = None
    event: Event | None = None

    def __str__(self) -> str:
        return self.text


async def log_lines(
    bench: Workbench,
    run: KnownRun,
    *,
    follow: bool,
    tail: int,
    on_gone: Callable[[], None] = lambda: None,
) -> AsyncGenerator[LogLine, None]:
    """`on_gone` is called where the pod is gone, and what it delivered has to do."""
    with suppress(LauncherError):  # what there is to show is shown all the same
        run, _ = await refreshed(bench, run)
    if run.state is not RunState.ENDED and run.pod_id:
        try:
            async with aclosing(_from_pod(bench, run, follow=follow, tail=tail)) as lines:
                async for line in lines:
                    yield line
            return
        except PodGone:
            on_gone()
    for told in (await delivered_story(bench, run))[-tail:]:
        if isinstance(told, LoggedLine):  # whatever it looks like, it is no event
            yield LogLine(told.text, at=told.at)
        else:
            yield LogLine(to_line(told), at=told.at, event=told)


async def _from_pod(
    bench: Workbench, run: KnownRun, *, follow: bool, tail: int
) -> AsyncGenerator[LogLine, None]:
    bench = bench.at(run.place)
    asked_at, shown = bench.provider_now(), 0
    async with aclosing(bench.provider.log(run.pod_id, tail=tail)) as lines:
        while follow or shown < tail:
            patience = QUIET_SECONDS if shown else FIRST_LINE_SECONDS
            try:
                line = await asyncio.wait_for(anext(lines), None if follow else patience)
            except (TimeoutError, StopAsyncIteration):
                return
            except PodGone:
                if follow:
                    return
                raise
            if not follow and line.at is not None and line.at > asked_at + SLACK:
                return  # printed since: a pod that talks all the time is never quiet
            event = from_line(line.text) if line.source == "container" else None
            yield LogLine(line.text, line.source, line.at, event)
            shown += 1
