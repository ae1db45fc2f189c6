"""A program of ours in the place of `simpletuner train`: the same words, files and ends, and no picture is learnt.

What it does is read in SimpleTuner's package 4.10.1: its two files of settings, training in a session of its own,
caches, metrics a line a step, checkpoints in a folder with `-tmp` behind its name until it is whole, `.guard` last, and
the highest number to go on from. Settings of the file say what befalls it: `hold_at` (it stands still there, unless it
went on), `end_at` (it ends with 1), `torn_at` (a checkpoint whose `.guard` is never written).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def command() -> int:
    """What is started: its training is a process of a session of its own."""
    assert sys.argv[1:] == ["train"], sys.argv
    inner = subprocess.Popen([sys.executable, __file__, "inner"], start_new_session=True)
    try:
        return inner.wait()
    except KeyboardInterrupt:
        inner.kill()
        return 130


def inner() -> None:
    path = Path(os.environ["CONFIG_PATH"] + ".json")
    assert os.environ["CONFIG_BACKEND"] == "json"
    config: dict[str, Any] = json.loads(path.read_text())
    Path("debug.log").write_text("")
    backends = json.loads(Path(config["data_backend_config"]).read_text())
    for backend in backends:
        if backend.get("dataset_type") == "text_embeds":
            Path(backend["cache_dir"]).mkdir(parents=True, exist_ok=True)
            continue
        pictures = list(Path(backend["instance_data_dir"]).rglob("*.png"))
        assert pictures, "no pictures"
        (Path(backend["instance_data_dir"]) / "aspect_ratio_bucket_metadata.json").write_text("{}")
        cache = Path(backend["cache_dir_vae"])
        cache.mkdir(parents=True, exist_ok=True)
        for picture in pictures:
            (cache / f"{picture.stem}.pt").write_bytes(picture.read_bytes())
    train(config, Path(config["output_dir"]))


def train(config: dict[str, Any], out: Path) -> None:
    start = go_on(out)
    every, steps = int(config["checkpoint_step_interval"]), int(config["max_train_steps"])
    for step in range(start + 1, steps + 1):
        if step == config.get("hold_at") and not start:
            time.sleep(600)
        if step == config.get("end_at"):
            sys.exit(1)
        metrics = {"epoch": 1.0, "learning_rate": 1e-4, "train_loss": 1 / step}
        line = {
            "metrics": metrics,
            "schema_version": 1,
            "step": step,
            "timestamp": "2026-01-01T00:00:00+00:00",
        }
        with (out / "training_metrics.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        bar = f"Epoch 1/3, Steps: {step * 100 // steps:3d}%|#####     | {step}/{steps}"
        sys.stderr.write(f"\r{bar} [00:01<00:09, 2.00it/s, lr=0.0001, step_loss=0.123]")
        sys.stderr.flush()
        if step % every == 0:
            save(out, step, is_torn=step == config.get("torn_at"))
            sample(out, step)
        time.sleep(0.02)
    (out / "pytorch_lora_weights.safetensors").write_text(f"lora of step {steps}")


def go_on(out: Path) -> int:
    names = (re.fullmatch(r"checkpoint-(\d+)", path.name) for path in out.glob("checkpoint-*"))
    numbers = [int(found[1]) for found in names if found]
    if not numbers:
        return 0
    newest = out / f"checkpoint-{max(numbers)}"
    state = json.loads((newest / "training_state.json").read_text())
    assert (newest / "optimizer.bin").exists()
    print(f"Resuming from checkpoint {newest.name}", flush=True)
    return int(state["global_step"])


def save(out: Path, step: int, *, is_torn: bool) -> None:
    part = out / f"checkpoint-{step}-tmp"
    part.mkdir()
    (part / "pytorch_lora_weights.safetensors").write_text(f"lora of step {step}")
    (part / "optimizer.bin").write_text("state")
    if is_torn:
        part.rename(out / f"checkpoint-{step}")
        return
    (part / "training_state.json").write_text(json.dumps({"global_step": step}))
    (part / ".guard").write_text("complete")
    part.rename(out / f"checkpoint-{step}")


def sample(out: Path, step: int) -> None:
    folder = out / "validation_images"
    folder.mkdir(exist_ok=True)
    (folder / f"step_{step}_validation_0_64x64.png").write_bytes(b"\x89PNG")


if __name__ == "__main__":
    if sys.argv[1:] == ["inner"]:
        inner()
    else:
        sys.exit(command())
