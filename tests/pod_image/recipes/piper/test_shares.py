"""The shares of several datasets in a training: kept to the clip, and within a dataset every clip alike."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from pod_image.recipes.piper.clips import BucketSampler
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.piper.shares import SharedEpochs, counts_of

OF = [0] * 8 + [1] * 2
ALL = list(range(10))


def drawn(sampler: BucketSampler, epochs: int) -> Counter[int]:
    return Counter(
        index for number in range(epochs) for batch in sampler.epoch(number) for index in batch
    )


def sampler_of(shares: list[float], batch: int = 5) -> BucketSampler:
    shared = SharedEpochs(OF, ALL, shares, seed=1)
    return BucketSampler(np.arange(10), ALL, batch, 1, shared)


def test_an_epoch_has_as_many_clips_of_each_dataset_as_its_share_says() -> None:
    seen = drawn(sampler_of([1, 1]), epochs=40)
    assert sum(seen[i] for i in range(8)) == sum(seen[i] for i in (8, 9)) == 200
    assert {seen[i] for i in range(8)} == {25}
    assert {seen[i] for i in (8, 9)} == {100}


def test_without_shares_and_with_shares_by_clips_each_clip_is_seen_as_often() -> None:
    plain = BucketSampler(np.arange(10), ALL, 5, 1)
    assert set(drawn(plain, 6).values()) == {6}
    assert set(drawn(sampler_of([8, 2]), 6).values()) == {6}


def test_a_clip_is_not_drawn_again_before_all_others_of_its_dataset_were() -> None:
    shared = SharedEpochs(OF, ALL, [1, 1], seed=3)
    first = [index for number in range(8) for index in shared.epoch(number) if OF[index] == 0]
    for start in range(0, len(first), 8):
        assert sorted(first[start : start + 8]) == list(range(8))


def test_batches_that_no_epoch_holds_whole_are_filled_from_the_next_one() -> None:
    sampler = sampler_of([3, 1], batch=4)
    batches = [batch for number in range(8) for batch in sampler.epoch(number)]
    assert {len(batch) for batch in batches} == {4}
    assert len(batches) == 20
    of_second = sum(OF[index] for batch in batches for index in batch)
    assert of_second == 8 * 3


@pytest.mark.parametrize(
    ("shares", "total", "counts"),
    [
        ([1, 1], 10, [5, 5]),
        ([2, 1], 10, [7, 3]),
        ([1, 0], 10, [10, 0]),
        ([1000, 1], 10, [9, 1]),
        ([0.2, 0.3, 0.5], 7, [1, 2, 4]),
        ([1, 1, 1], 2, [0, 1, 1]),
    ],
)
def test_shares_are_divided_into_whole_clips(
    shares: list[float], total: int, counts: list[int]
) -> None:
    assert sum(counts) == total
    assert counts_of(shares, total) == counts


def test_a_dataset_that_has_no_clip_to_learn_from_leaves_its_share_to_the_others() -> None:
    shared = SharedEpochs(OF, ALL[:8], [1, 1], seed=1)
    assert shared.counts == [8, 0]
    assert sorted(shared.epoch(0)) == ALL[:8]


def test_fewer_shares_than_datasets_are_refused() -> None:
    with pytest.raises(RecipeError, match="There are 2 datasets, and shares for 1"):
        SharedEpochs(OF, ALL, [1], seed=1)


def test_a_place_in_an_epoch_is_of_its_shares_too() -> None:
    assert sampler_of([1, 1]).traits != sampler_of([3, 1]).traits
    assert "shares" not in BucketSampler(np.arange(10), ALL, 5, 1).traits
