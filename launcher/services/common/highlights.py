"""What lists show of a run beside its row: the score of its best checkpoint, and its newest sample. Kept as its
events come, so that a list reads no events.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from launcher.domain.run import Run
from launcher.domain.scores import deciding_score
from launcher.stores.runs import RecordKind, RunHistory
from pod_image.contract.bodies import Body, CheckpointWritten, Sample
from pod_image.contract.events import Event
from pod_image.contract.paths import safe_path
from pod_image.contract.scores import kind_of

KINDS = (CheckpointWritten.event, Sample.event)
"""Of events: no other tells anything of these."""
_LONGEST_WORD = 100
_LONGEST_TEXT = 300


def keep_highlights(history: RunHistory, run: Run, event: Event) -> None:
    """Keep beside the run what this event says of them, if that is newer than what is kept."""
    for kind, found in _told(event.body).items():
        known = history.kept(run, kind)
        if not known or _is_newer(found, known):
            history.keep(run, kind, found)


def highlights_of(events: Iterable[Event]) -> dict[RecordKind, dict[str, Any]]:
    """The same of all events of a run at once; an empty one where they tell of none."""
    last: dict[RecordKind, dict[str, Any]] = {RecordKind.SCORE: {}, RecordKind.SAMPLE: {}}
    for event in events:
        for kind, found in _told(event.body).items():
            if not last[kind] or _is_newer(found, last[kind]):
                last[kind] = found
    return last


def _is_newer(found: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Of one step the first stands: every run says its first sentence there, and so they compare."""
    return bool(found["step"] > known.get("step", -1))


def _told(body: Body) -> dict[RecordKind, dict[str, Any]]:
    if isinstance(body, CheckpointWritten):
        score = _score(body)
        return {RecordKind.SCORE: score} if score else {}
    if isinstance(body, Sample):
        sample = _sample(body)
        return {RecordKind.SAMPLE: sample} if sample else {}
    return {}


def _score(made: CheckpointWritten) -> dict[str, Any]:
    name = deciding_score(made) if made.is_best else ""
    value = made.scores.get(name, math.nan)
    if not name or not math.isfinite(value):
        return {}
    is_lower_better = kind_of(name).is_lower_better is not False
    return {
        "name": name[:_LONGEST_WORD],
        "value": value,
        "step": made.step,
        "is_lower_better": is_lower_better,
    }


def _sample(made: Sample) -> dict[str, Any]:
    """One that can be heard."""
    is_sound = made.kind == "sample" and made.media in (None, "audio")
    if not is_sound or safe_path(made.path) != made.path:
        return {}
    seconds = made.seconds if made.seconds is not None and math.isfinite(made.seconds) else None
    return {
        "path": made.path,
        "step": made.step,
        "text": made.text[:_LONGEST_TEXT],
        "seconds": seconds,
    }
