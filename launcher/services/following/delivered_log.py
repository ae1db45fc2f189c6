"""What a run told, read from the results repo: its events and all that it printed, as one story."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from heapq import merge

from launcher.domain.run import Run
from launcher.services.common.workbench import Workbench
from pod_image.contract.events import Event
from pod_image.contract.run_log import ATTEMPT_MARK, MARK, LoggedLine, read_lines

Told = Event | LoggedLine
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


async def delivered_story(bench: Workbench, run: Run) -> list[Told]:
    """Events and lines in the order in which they were told, as far as the run has delivered them.

    Raises HubError or NotConfigured. From an image that kept no log there are events alone.
    """
    results = bench.results(run.results_repo)
    events = await results.events(run.run_id)
    return in_order(events, list(read_lines(await results.log(run.run_id) or b"")))


def in_order(events: Sequence[Event], lines: Sequence[LoggedLine]) -> list[Told]:
    """One story. A line of the agent that an event tells as well is told once."""
    first = _second(events[0].at) if events else None
    kept = (line for line in lines if not _is_told_by_event(line, first))
    # Lines have whole seconds: what an event says comes before what was printed in the same one.
    keyed = merge(_keyed_events(events), _keyed_lines(kept), key=lambda each: each[:2])
    return [told for _, _, told in keyed]


def _is_told_by_event(line: LoggedLine, first: datetime | None) -> bool:
    """Marks of an earlier attempt stay: its events are in a file of their own."""
    if line.at is None or first is None or not line.text.startswith(MARK):
        return False
    return line.at >= first and not line.text.startswith(ATTEMPT_MARK)


def _keyed_events(events: Iterable[Event]) -> Iterator[tuple[datetime, int, Told]]:
    at = _LONG_AGO
    for event in events:
        at = max(at, _second(event.at))  # the clock may have been set back: their order counts
        yield at, 0, event


def _keyed_lines(lines: Iterable[LoggedLine]) -> Iterator[tuple[datetime, int, Told]]:
    at = _LONG_AGO
    for line in lines:
        at = max(at, line.at or at)
        yield at, 1, line


def _second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
