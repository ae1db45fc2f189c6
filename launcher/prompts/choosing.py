"""Sentences in the order in which each brings most that the ones before lack; pure."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

FREQUENT_TIMES = 5
"""What a whole pool has less often is chance rather than the language."""
ALIKE = 0.6
"""The share of their words that two sentences have in common, from which on they are one with a change."""
_WORD = re.compile(r"[^\W_]+")

Unit = TypeVar("Unit", bound=Hashable)


def choose(pool: Sequence[Sequence[Unit]], count: int) -> list[int]:
    """Which of the pool to take, in order, by the units of each: most new ones first, for its length.

    The length counts by its root, else the longest sentences win. Once nothing is new, what was seen least is lifted.
    A person may stop anywhere: each beginning of the answer is chosen as if it were the whole.
    """
    kinds = [frozenset(units) for units in pool]
    weight = [1 / math.sqrt(max(1, len(units))) for units in pool]
    seen: Counter[Unit] = Counter()

    def worth(index: int) -> tuple[float, float]:
        new = sum(not seen[unit] for unit in kinds[index])
        rare = sum(1 / (1 + seen[unit]) for unit in kinds[index])
        return new * weight[index], rare * weight[index]

    # What a sentence is worth only ever falls, so that one worth most after it was reckoned anew is the best of all.
    queue = [(_negative(worth(index)), index) for index in range(len(pool))]
    heapq.heapify(queue)
    chosen: list[int] = []
    while queue and len(chosen) < count:
        known, index = heapq.heappop(queue)
        now = _negative(worth(index))
        if now > known and queue and (now, index) > queue[0]:
            heapq.heappush(queue, (now, index))
            continue
        chosen.append(index)
        seen.update(pool[index])
    return chosen


def coverage(pool: Iterable[Sequence[Unit]], chosen: Iterable[Sequence[Unit]]) -> float:
    """How much of what the pool has often is of a kind that the chosen ones have, by how often it comes: 0 to 1."""
    counts = Counter(unit for units in pool for unit in units)
    frequent = {unit: times for unit, times in counts.items() if times >= FREQUENT_TIMES}
    had = {unit for units in chosen for unit in units}
    total = sum(frequent.values())
    return sum(times for unit, times in frequent.items() if unit in had) / total if total else 1.0


def nearly_the_same(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs that differ in hardly a word: an earlier text and the later one."""
    words = [frozenset(_WORD.findall(text.casefold())) for text in texts]
    return [
        (texts[before], texts[after])
        for after, these in enumerate(words)
        for before, those in enumerate(words[:after])
        if len(these & those) >= ALIKE * len(these | those)
    ]


def _negative(worth: tuple[float, float]) -> tuple[float, float]:
    return -worth[0], -worth[1]
