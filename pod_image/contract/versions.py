"""Names of a run's versions: the tags that its verified ends have in the results repo."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pod_image.contract.outcomes import EndReason

WORTH_A_NAME = (EndReason.FINISHED, EndReason.STOPPED, EndReason.TIME_CAP, EndReason.COST_CAP)
MOST_NAMES = 20
"""Tried before a version goes without a name."""


def version_names(run_id: str, attempt: int) -> Iterator[str]:
    """What the end of an attempt may be called: `run-01`, of a later one `run-01.2`; where that is taken, the next."""
    for number in range(max(attempt, 1), max(attempt, 1) + MOST_NAMES):
        yield run_id if number == 1 else f"{run_id}.{number}"


def number_of(tag: str) -> int:
    """Which of its run's versions a tag is."""
    number = tag.rpartition(".")[2]
    return int(number) if "." in tag and number.isdigit() else 1


def is_version_of(run_id: str, tag: str) -> bool:
    return re.fullmatch(rf"{re.escape(run_id)}(\.[1-9]\d{{0,5}})?", tag) is not None
