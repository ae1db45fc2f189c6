"""From a person's YAML to the LoRA: planned, deployed, its host dies, another one goes on; a program of ours trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from pod_image.contract.common_settings import DEFAULT_IMAGE
from tests.kit.checkout import ROOT
from tests.kit.weights import safetensors
from tests.pod_image.recipes.image_lora.folders import toolkit, with_pictures

YAML = """
job: extension
config:
  name: my_cats_v2
  process:
    - type: sd_trainer
      training_folder: output
      device: cuda:0
      network: {type: lora, linear: 16, linear_alpha: 16}
      save: {save_every: 20, max_step_saves_to_keep: 2, push_to_hub: true, hf_repo_id: me/other}
      datasets: [{folder_path: /home/anna/cats, caption_ext: txt, resolution: [512]}]
      train: {steps: 60, lr: 1e-4, batch_size: 1}
      model: {name_or_path: demo/base, arch: flux}
      sample: {prompts: [a cat], sample_every: 20}
meta: {hold_at: 30}
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("whole-way")
    with_pictures(folder / "cats")
    (folder / "base").mkdir()
    (folder / "base" / "model.safetensors").write_bytes(safetensors(64))
    (folder / "job.yaml").write_text(YAML)
    words = [
        "--preset",
        "image-lora",
        "--image",
        DEFAULT_IMAGE,
        "--trainer-config",
        str(folder / "job.yaml"),
    ]
    words += [
        "--dataset-repo",
        "demo/cats",
        "--base-model",
        "demo/base",
        "--checkpoint-minutes",
        "0.1",
    ]
    words += ["--toolkit-folder", str(toolkit(folder / "ai-toolkit")), "--gpu-types", "RTX 4090"]
    asked = {
        "repos": {"datasets/demo/cats": str(folder / "cats"), "demo/base": str(folder / "base")},
        "words": words,
        "die_when": "checkpoints/step-00000020/**/optimizer.pt",
        "texts": ["config.yaml", "log.txt"],
    }
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.kit.trainer_way", json.dumps(asked)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_plan_says_what_it_made_of_the_file(told: dict[str, Any]) -> None:
    said = told["plan"]
    assert said["code"] == 0, said
    assert "Replaced for the pod: training_folder, save.hf_repo_id, save.push_to_hub" in said["out"]
    assert "anna" not in said["out"]


def test_the_loss_that_is_told_is_no_learning_rate(told: dict[str, Any]) -> None:
    assert "loss 0.0" in told["second"]["out"]
    assert "loss 0.000" not in told["second"]["out"]


def test_another_host_goes_on_from_the_checkpoint_of_the_one_that_died(
    told: dict[str, Any],
) -> None:
    assert told["first"]["code"] == 0, told["first"]
    assert told["second"]["code"] == 0, told["second"]
    log = told["texts"]["log.txt"]
    assert "Found step 20 in metadata, starting from there" in log
    assert "Failed to load optimizer state" not in log


def test_lora_samples_and_settings_are_delivered_and_no_half_made_file(
    told: dict[str, Any],
) -> None:
    files = [name for name in told["delivered"] if name.startswith("files/")]
    assert "files/out/my_cats_v2/my_cats_v2.safetensors" in files
    assert any(name.endswith("__000000040_0.jpg") for name in files)
    assert not [name for name in files if "loss_log" in name or ".thumbs" in name or ".tmp" in name]
    assert "push_to_hub: false" in told["texts"]["files/out/my_cats_v2/config.yaml"]
    assert "checkpoints/step-00000020/out/my_cats_v2/optimizer.pt" in told["delivered"]
