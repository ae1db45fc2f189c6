"""Samples of a run as a table: sentences down, steps across. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pod_image.contract.events import SampleEvent


@dataclass(frozen=True)
class SampleTable:
    """`rows` are (sentence, samples by step), sentences in the order they first came."""

    reference: SampleEvent | None
    steps: tuple[int, ...]
    rows: tuple[tuple[str, dict[int, SampleEvent]], ...]
    left_out: int = 0
    """Earlier steps that are not in `steps`."""


def sample_table(samples: Sequence[SampleEvent], newest: int | None = None) -> SampleTable:
    """The table of all steps, or of the `newest` ones alone."""
    reference = next((one for one in samples if one.kind == "reference"), None)
    spoken = [one for one in samples if one.kind != "reference"]
    steps = sorted({one.step for one in spoken})
    shown = steps if newest is None else steps[-newest:]
    rows: dict[str, dict[int, SampleEvent]] = {}
    for one in spoken:
        if one.step in shown:
            rows.setdefault(one.text, {})[one.step] = one
    return SampleTable(reference, tuple(shown), tuple(rows.items()), len(steps) - len(shown))
