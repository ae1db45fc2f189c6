"""A program of ours that behaves, as far as a run sees it, as OneTrainer does: words, bars, files, resume, interrupt.

It is put where OneTrainer's own script is. Steps are counted in a file of its "optimiser", so that a training that went
on without its state is seen. Standard library alone.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

STEPS_AN_EPOCH = 10
SPEED = Path(__file__).with_name("step_seconds")
"""What a test may put beside it, to make it slow."""
KNOWN_TYPES = ("FLOAT_16", "BFLOAT_16", "FLOAT_32")


class Training:
    def __init__(self, configuration: dict[str, Any]) -> None:
        self.says = configuration
        self.workspace = Path(configuration["workspace_dir"])
        self.epoch = self.epoch_step = self.step = 0
        self.optimizer_steps = 0
        self.has_trained = False
        self.backed_up_at = time.monotonic()

    def start(self) -> None:
        (self.workspace / "config").mkdir(parents=True, exist_ok=True)
        packed = json.dumps(self.says, indent=4)
        (self.workspace / "config" / f"{stamp()}.json").write_text(packed)
        backups = sorted(path for path in (self.workspace / "backup").glob("*") if path.is_dir())
        if self.says["continue_last_backup"] and backups:
            print(f"Continuing training from backup '{backups[-1]}'...")
            self.load(backups[-1])
        else:
            print("No backup found, continuing without backup...")
        for concept in self.says["concepts"]:
            pictures = sorted(Path(concept["path"]).glob("*.jpg"))
            if not pictures:
                raise RuntimeError(f"no pictures in {concept['path']}")
        bar("caching", 2, 2)

    def load(self, backup: Path) -> None:
        meta = json.loads((backup / "meta.json").read_text())
        self.step, self.epoch, self.epoch_step = meta["step"], meta["epoch"], meta["epoch_step"]
        self.optimizer_steps = int((backup / "optimizer" / "optimizer.pt").read_text())

    def train(self) -> None:
        epochs = int(self.says["epochs"])
        first = self.epoch
        for at in range(first, epochs):
            bar("epoch", at - first, epochs - first)
            for _ in range(self.epoch_step, STEPS_AN_EPOCH):
                self.one_step()
            self.epoch, self.epoch_step = self.epoch + 1, 0
            if self.epoch % int(self.says["save_every"]) == 0:
                self.save()

    def save(self) -> None:
        path = self.workspace / "save" / f"{stamp()}-save-{self.place}.safetensors"
        line(f"Saving {path}")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"weights")

    def one_step(self) -> None:
        if self.says["samples"] and self.step % 10 == 0:
            self.sample()
        if time.monotonic() - self.backed_up_at > self.says["backup_after"]:
            self.backed_up_at = time.monotonic()
            self.backup()
        time.sleep(float(SPEED.read_text()) if SPEED.exists() else 0.005)
        self.optimizer_steps += 1
        loss = 1.0 / self.optimizer_steps
        bar("step", self.epoch_step, STEPS_AN_EPOCH, f", loss={loss:.3g}, smooth loss={loss:.3g}")
        self.step, self.epoch_step, self.has_trained = self.step + 1, self.epoch_step + 1, True

    @property
    def place(self) -> str:
        return f"{self.step}-{self.epoch}-{self.epoch_step}"

    def sample(self) -> None:
        for number, sample in enumerate(self.says["samples"]):
            folder = self.workspace / "samples" / f"{number} - {sample['prompt'][:32]}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{stamp()}-training-sample-{self.place}.jpg").write_bytes(b"\xff\xd8picture")

    def backup(self) -> None:
        folder = self.workspace / "backup" / f"{stamp()}-backup-{self.place}"
        line(f"Creating Backup {folder}")
        (folder / "optimizer").mkdir(parents=True, exist_ok=True)
        (folder / "optimizer" / "optimizer.pt").write_text(str(self.optimizer_steps))
        meta = {"step": self.step, "epoch": self.epoch, "epoch_step": self.epoch_step}
        (folder / "meta.json").write_text(json.dumps(meta))
        (folder / "onetrainer_config").mkdir(exist_ok=True)
        (folder / "onetrainer_config" / "args.json").write_text(json.dumps({"epochs": 1}))
        kept = sorted((self.workspace / "backup").iterdir(), reverse=True)
        for old in kept[self.says["rolling_backup_count"] :]:
            shutil.rmtree(old)

    def end(self) -> None:
        if not self.has_trained:
            return
        self.backup()
        model = Path(self.says["output_model_destination"])
        print(f"\nSaving {model}")
        model.parent.mkdir(parents=True, exist_ok=True)
        model.write_text(json.dumps({"steps": self.step, "optimizer_steps": self.optimizer_steps}))


def stamp() -> str:
    return time.strftime("%Y-%m-%d_%H-%M-%S")


def bar(text: str, done: int, total: int, postfix: str = "") -> None:
    percent = 100 * done // total
    drawn = f"\r{text}: {percent:3d}%|{'#' * (percent // 10):10s}| {done}/{total} [00:00<00:00, 28.93it/s{postfix}]"
    sys.stderr.write(drawn)
    sys.stderr.flush()


def line(text: str) -> None:
    """A line that makes way for the bars, which are drawn again behind it."""
    sys.stderr.write("\r" + " " * 60 + "\r")
    sys.stderr.flush()
    print(text, flush=True)


def read(path: str) -> dict[str, Any]:
    configuration: dict[str, Any] = json.loads(Path(path).read_text())
    kind = configuration.get("train_dtype", "FLOAT_16")
    if kind not in KNOWN_TYPES:
        print(f"Could not set train_dtype as {kind}")
    return configuration


def main() -> None:
    configuration = read(sys.argv[1].removeprefix("--config-path="))
    training = Training(configuration)
    training.start()
    is_canceled = False
    try:
        training.train()
    except KeyboardInterrupt:
        is_canceled = True
    if not is_canceled or configuration["backup_before_save"]:
        training.end()


if __name__ == "__main__":
    main()
