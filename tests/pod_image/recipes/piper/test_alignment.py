"""Alignment search finds the likeliest path, the same one as the package others use."""

from __future__ import annotations

import itertools
import sys

import monotonic_alignment_search
import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from pod_image.recipes.piper.alignment import (
    durations_by_numpy,
    durations_by_torch,
    durations_of_best_paths,
    search_of,
    why_search_is_slow,
)
from tests.bench import turns
from tests.pod_image.recipes.piper.cases import random_alignment


@pytest.mark.parametrize("seed", range(12))
def test_random_scores_give_the_same_paths_as_the_reference_package(seed):
    draw = np.random.default_rng(seed)
    batch = int(draw.integers(1, 7))
    phonemes = draw.integers(1, 40, batch)
    frames = phonemes + draw.integers(0, 60, batch)
    scale = float(draw.choice([0.1, 1.0, 50.0, 3000.0]))
    scores = draw.normal(-scale, scale, (batch, frames.max(), phonemes.max())).astype(np.float32)
    if seed % 3 == 0:
        scores = np.round(scores)  # ties
    ours = durations_of_best_paths(
        torch.from_numpy(scores), torch.from_numpy(frames), torch.from_numpy(phonemes)
    )
    mask = np.zeros_like(scores)
    for row, (t, n) in enumerate(zip(frames, phonemes, strict=True)):
        mask[row, :t, :n] = 1
    # That package's arrays are [batch, text, frames].
    path = monotonic_alignment_search.maximum_path(
        torch.from_numpy(scores.transpose(0, 2, 1).copy()),
        torch.from_numpy(mask.transpose(0, 2, 1).copy()),
        implementation="cython",
    )
    assert ours.tolist() == path.sum(dim=2).long().tolist()


def test_the_bench_holds_the_references_stand_in_to_our_paths(monkeypatch):
    assert turns.equal_paths(9) == 9
    # Without the transposition that package is wrong, and says nothing.
    monkeypatch.setattr(turns, "maximum_path", monotonic_alignment_search.maximum_path)
    assert turns.equal_paths(9) < 9


def test_the_path_is_the_best_of_all_paths():
    draw = np.random.default_rng(4)
    scores = draw.normal(size=(1, 7, 3)).astype(np.float32)

    def total(durations):
        places = np.repeat(np.arange(3), durations)
        return scores[0, np.arange(7), places].sum()

    every = [d for d in itertools.product(range(1, 6), repeat=3) if sum(d) == 7]
    found = durations_of_best_paths(torch.from_numpy(scores), torch.tensor([7]), torch.tensor([3]))
    assert tuple(found[0].tolist()) == max(every, key=total)


def test_every_frame_is_used_and_every_phoneme_lasts_a_frame_at_least():
    scores = torch.randn((3, 50, 20), generator=torch.manual_seed(2))
    frames, phonemes = torch.tensor([50, 31, 20]), torch.tensor([20, 11, 20])
    durations = durations_of_best_paths(scores, frames, phonemes)
    assert durations.sum(dim=1).tolist() == frames.tolist()
    for row, count in zip(durations, phonemes, strict=True):
        assert (row[:count] >= 1).all()
        assert not row[count:].any()


@pytest.mark.parametrize("seed", range(8))
def test_the_form_for_a_gpu_without_a_compiler_finds_the_same_paths(seed):
    case = random_alignment(seed)
    assert torch.equal(durations_by_torch(*case), durations_by_numpy(*case))


def test_it_queues_two_operations_a_frame_and_not_eight():
    scores, frames, phonemes = torch.randn(2, 200, 9), torch.tensor([200, 90]), torch.tensor([9, 4])
    with Counting() as queued:
        durations_by_torch(scores, frames, phonemes)
    assert queued.operations < 2 * 200 + 60


class Counting(TorchDispatchMode):
    """How many operations a GPU would be given; views cost it nothing."""

    operations = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.operations += not func.is_view
        return func(*args, **(kwargs or {}))


def test_where_the_kernel_cannot_run_the_other_form_is_taken_and_the_reason_known(monkeypatch):
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    search_of.cache_clear()
    search, why = search_of(torch.device("cpu"))
    search_of.cache_clear()
    assert search is durations_by_torch
    assert why


def test_on_a_cpu_no_kernel_is_missed():
    assert why_search_is_slow(torch.device("cpu")) is None


def test_tracing_takes_the_search_for_one_operation_and_reads_nothing_back():
    with FakeTensorMode():
        scores = torch.empty(2, 5, 3, requires_grad=True)
        durations = durations_of_best_paths(scores, torch.tensor([5, 4]), torch.tensor([3, 2]))
    assert (durations.shape, durations.dtype) == ((2, 3), torch.int64)
