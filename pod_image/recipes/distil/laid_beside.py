"""What was heard laid beside what was to be said, word by word, at least cost; pure."""

from __future__ import annotations

from collections.abc import Sequence

Heard = tuple[str, float]
"""A word as it is compared, and how sure the recogniser is of it."""


def too_many(said: Sequence[str], heard: Sequence[Heard]) -> list[Heard]:
    """The words that were heard beside those that were to be said; one heard in place of another is none of them."""
    costs = _costs(said, [word for word, _ in heard])
    row, column = len(said), len(heard)
    found: list[Heard] = []
    while column:
        here = costs[row][column]
        word = heard[column - 1][0]
        if row and here == costs[row - 1][column - 1] + (said[row - 1] != word):
            row, column = row - 1, column - 1
        elif here == costs[row][column - 1] + 1:
            column -= 1
            found.append(heard[column])
        else:
            row -= 1
    return found[::-1]


def _costs(said: Sequence[str], heard: Sequence[str]) -> list[list[int]]:
    costs = [list(range(len(heard) + 1))]
    for row, word in enumerate(said, 1):
        before, here = costs[-1], [row]
        for column, other in enumerate(heard, 1):
            cheapest = min(before[column - 1] + (word != other), before[column] + 1, here[-1] + 1)
            here.append(cheapest)
        costs.append(here)
    return costs
