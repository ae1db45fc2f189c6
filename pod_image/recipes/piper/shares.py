"""How much of a training each of several datasets has: an epoch as clips drawn from each by its share. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np

from pod_image.recipes.piper.recipe_error import RecipeError

_OF_SHARES = 0xDA7A


class SharedEpochs:
    """Epochs of as many clips as there are, so many of each dataset as its share says.

    Within a dataset no clip is drawn again before all others were, across epochs too.
    """

    def __init__(
        self, datasets: Sequence[int], indices: Sequence[int], shares: Sequence[float], seed: int
    ) -> None:
        """`datasets` says of every clip which it is of; `indices` are those to learn from. Raises RecipeError."""
        if max(datasets) >= len(shares):
            raise RecipeError(
                f"There are {max(datasets) + 1} datasets, and shares for {len(shares)}.",
                hint="Give dataset_shares one number for each dataset, or none at all.",
            )
        self._seed = seed
        self._clips = [[i for i in indices if datasets[i] == one] for one in range(len(shares))]
        there = [share if clips else 0.0 for share, clips in zip(shares, self._clips, strict=True)]
        self.counts = counts_of(there, len(indices))

    def epoch(self, number: int) -> list[int]:
        """The clips of an epoch, in no order that matters."""
        return [
            index
            for one, count in enumerate(self.counts)
            for index in self._drawn(one, number * count, count)
        ]

    def _drawn(self, one: int, first: int, count: int) -> list[int]:
        """Of the endless draw from a dataset, the places from `first` on."""
        clips = self._clips[one]
        drawn: list[int] = []
        while len(drawn) < count:
            turn, place = divmod(first + len(drawn), len(clips))
            order = np.random.default_rng((self._seed, _OF_SHARES, one, turn)).permutation(clips)
            drawn += order[place : place + count - len(drawn)].tolist()
        return drawn


def counts_of(shares: Sequence[float], total: int) -> list[int]:
    """`total` divided by the shares, whole numbers that sum to it; one at the least for each share above 0."""
    exact = [total * share / sum(shares) for share in shares]
    counts = [max(int(part), 1 if share else 0) for part, share in zip(exact, shares, strict=True)]
    by_rest = sorted(range(len(shares)), key=lambda one: exact[one] - counts[one])
    while sum(counts) > total:
        counts[max(range(len(counts)), key=counts.__getitem__)] -= 1
    for one in islice(cycle(reversed(by_rest)), total - sum(counts)):
        counts[one] += 1
    return counts
