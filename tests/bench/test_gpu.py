"""What can be held of the GPU's bench without a GPU: sums, ratios, and what it says where it cannot run."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from tests.bench.gpu import cases, ratios
from tests.bench.kernels import union_ns
from tests.bench.missing import end_if_missing
from tests.kit.checkout import ROOT


@pytest.mark.parametrize(
    ("intervals", "total"),
    [
        ([], 0),
        ([(0, 10), (20, 25)], 15),
        ([(20, 25), (0, 10), (5, 12)], 17),
        ([(0, 100), (10, 20), (100, 110)], 110),
    ],
)
def test_what_runs_side_by_side_counts_once(intervals: list[tuple[int, int]], total: int) -> None:
    assert union_ns(intervals) == total


def test_the_lines_are_those_that_are_compared_and_have_names_of_their_own() -> None:
    keys = [case.key for case in cases()]
    assert len(set(keys)) == len(keys)
    everything = {key: {"steps_per_second": 4.0} for key in keys}
    assert set(ratios(everything).values()) == {1.0}
    assert len(ratios(everything)) == 6


def test_a_run_that_was_cut_off_compares_what_there_is() -> None:
    lines = {
        "ours, batch 32": {"steps_per_second": 12.0},
        "reference, batch 32": {"steps_per_second": 3.0},
    }
    assert ratios(lines) == {"ours over the reference, batch 32": 4.0}


def test_what_is_not_installed_is_one_sentence_with_what_to_install() -> None:
    with pytest.raises(SystemExit, match=r"pip install 'nothing-of-this-name'$"):
        end_if_missing({"json": "json"}, {"nothing_of_this_name": "nothing-of-this-name"})


@pytest.mark.skipif(torch.cuda.is_available(), reason="it would measure")
def test_without_a_gpu_it_says_so_before_any_work() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.gpu"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("This bench measures a GPU, and torch finds none here.")
