"""Which of the events in a results repo are of one attempt at a run. Pure."""

from __future__ import annotations

from datetime import timedelta

from launcher.domain.run import Run
from pod_image.contract.events import Event

CLOCKS_DIFFER = timedelta(seconds=60)
"""The pod stamps its events, the provider its creation."""


def events_of_attempt(
    delivered: list[Event], run: Run, after_seq: int, before_seq: int | None = None
) -> list[Event]:
    """Those of the delivered events that belong to this attempt and lie between, each once and in order.

    An earlier attempt may have delivered its own below the same run id: time tells them apart.
    """
    born = (run.created_at or run.planned_at) - CLOCKS_DIFFER
    chosen: dict[int, Event] = {}
    for event in delivered:
        is_between = after_seq < event.seq and (before_seq is None or event.seq < before_seq)
        if event.run_id == run.run_id and is_between and event.at >= born:
            chosen.setdefault(event.seq, event)
    return [chosen[seq] for seq in sorted(chosen)]
