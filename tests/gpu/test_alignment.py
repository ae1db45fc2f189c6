"""The alignment kernel on the card at hand."""

from __future__ import annotations

import pytest
import torch

from pod_image.recipes.piper.alignment import (
    durations_by_numpy,
    durations_by_torch,
    durations_of_best_paths,
    why_search_is_slow,
)
from tests.pod_image.recipes.piper.cases import random_alignment


def test_nvrtc_compiles_the_kernel_for_this_card(device: torch.device) -> None:
    assert why_search_is_slow(device) is None


@pytest.mark.parametrize("seed", range(30))
def test_it_finds_numpys_paths(seed: int, device: torch.device) -> None:
    case = [each.to(device) for each in random_alignment(seed)]
    found = durations_of_best_paths(case[0], case[1], case[2])
    assert torch.equal(found.cpu(), durations_by_numpy(*random_alignment(seed)))


@pytest.mark.parametrize(("clips", "frames", "phonemes"), [(32, 400, 150), (64, 1200, 600)])
def test_it_finds_them_in_whole_batches(
    clips: int, frames: int, phonemes: int, device: torch.device
) -> None:
    draw = torch.Generator().manual_seed(clips)
    scores = torch.randn((clips, frames, phonemes), generator=draw) * 20
    text = torch.randint(1, phonemes + 1, (clips,), generator=draw)
    used = torch.minimum(
        text + torch.randint(0, frames, (clips,), generator=draw), torch.tensor(frames)
    )
    used = torch.maximum(used, text)
    wanted = durations_by_numpy(scores, used, text)
    case = scores.to(device), used.to(device), text.to(device)
    assert torch.equal(durations_of_best_paths(*case).cpu(), wanted)
    assert torch.equal(durations_by_torch(*case).cpu(), wanted)


def test_a_graph_takes_it_in(device: torch.device) -> None:
    if device.type != "cuda":
        pytest.skip("graphs are a GPU's")
    scores = torch.randn(4, 90, 30, device=device)
    used, text = torch.full((4,), 90, device=device), torch.full((4,), 30, device=device)
    durations_of_best_paths(scores, used, text)
    graph = torch.cuda.CUDAGraph()
    torch.cuda.synchronize()
    with torch.cuda.graph(graph):
        found = durations_of_best_paths(scores, used, text)
    scores.normal_()
    graph.replay()
    assert torch.equal(found.cpu(), durations_by_numpy(scores.cpu(), used.cpu(), text.cpu()))
