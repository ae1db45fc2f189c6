"""Samples of a run as a table: sentences down, steps across. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pod_image.contract.bodies import Sample
from pod_image.contract.events import Stamped


@dataclass(frozen=True)
class SampleTable:
    """`rows` are (sentence, samples by step), sentences in the order they first came."""

    reference: Stamped[Sample] | None
    steps: tuple[int, ...]
    rows: tuple[tuple[str, dict[int, Stamped[Sample]]], ...]
    left_out: int = 0
    """Earlier steps that are not in `steps`."""


def sample_table(samples: Sequence[Stamped[Sample]], newest: int | None = None) -> SampleTable:
    """The table of all steps, or of the `newest` ones alone."""
    reference = next((one for one in samples if one.body.kind == "reference"), None)
    spoken = [one for one in samples if one.body.kind != "reference"]
    steps = sorted({one.body.step for one in spoken})
    shown = steps if newest is None else steps[-newest:]
    rows: dict[str, dict[int, Stamped[Sample]]] = {}
    for one in spoken:
        if one.body.step in shown:
            rows.setdefault(one.body.text, {})[one.body.step] = one
    return SampleTable(reference, tuple(shown), tuple(rows.items()), len(steps) - len(shown))


def samples_in(table: SampleTable) -> list[Stamped[Sample]]:
    """Every sample of the table, row by row, without the reference."""
    return [one for _, cells in table.rows for one in cells.values()]
