"""The machine's trial, what is told of the card, memory that runs out, and the whole way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from pod_image.agent.gpu_trial import examine
from pod_image.agent.machine import GPU_QUERY, parse_gpus
from tests.gpu.training import clips_on, train
from tests.kit.checkout import ROOT

DEMO_STEPS, DEMO_SECONDS = 400, 90.0


def test_the_trial_finds_a_card_that_reckons_right_and_fast(device: torch.device) -> None:
    found = examine()
    assert found["has_torch"]
    assert all(each["is_right"] for each in found["devices"])
    if device.type == "cuda":
        assert all(each["tflops"] > 1 for each in found["devices"])


def test_the_cards_use_memory_and_temperature_are_read(device: torch.device) -> None:
    if device.type != "cuda":
        pytest.skip("the figures are a GPU's")
    said = subprocess.run(GPU_QUERY, capture_output=True, text=True, check=True).stdout
    cards = parse_gpus(said)
    assert len(cards) >= torch.cuda.device_count()
    assert all(each.memory_total_gb and each.memory_total_gb > 1 for each in cards)


def test_memory_that_runs_out_is_said_in_words_that_the_agent_knows(
    device: torch.device, tmp_path: Path
) -> None:
    if device.type != "cuda":
        pytest.skip("the limit is a GPU's")
    from pod_image.agent.supervisor import OUT_OF_MEMORY

    clips = clips_on(device)
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(0.01)
    try:
        with pytest.raises(RuntimeError) as caught:
            train(clips, tmp_path, steps=10, graphs=True, batch=48)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert OUT_OF_MEMORY in str(caught.value).casefold()
    # The card is usable afterwards.
    torch.cuda.empty_cache()
    assert train(clips, tmp_path / "after", steps=2, graphs=True).of("step")


def test_the_demo_trains_on_the_card_from_the_plan_to_the_spoken_sentence(
    few: bool, tmp_path: Path
) -> None:
    steps = 4 if few else DEMO_STEPS
    began = time.monotonic()
    command = [sys.executable, "-m", "launcher", "demo", "--headless", "--json"]
    done = subprocess.run(
        [*command, "--steps", str(steps), "--out", str(tmp_path / "out"), "--no-base"],
        cwd=ROOT,
        env={**os.environ, "LAUNCHER_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    took = time.monotonic() - began
    assert done.returncode == 0, done.stderr[-3000:]
    json.loads(done.stdout.splitlines()[-1])
    print(f"{steps} steps of the demo took {took:.0f} s")
    assert took < DEMO_SECONDS or few
