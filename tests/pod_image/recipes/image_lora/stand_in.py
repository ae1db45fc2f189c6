"""A program of ours in the place of ai-toolkit's `run.py`: the same words, files and ends, and no picture is learnt.

What it does stands in ai-toolkit's source at commit 27a03a91: `${NAME}` filled in from the environment, the newest file
by the time of its change to go on from, weights before the optimiser's state, samples moved into place, a database of
losses, its bar and lines. `meta` of the file says what befalls it: `hold_at` (it stands still there, unless it went
on), `oom_at` (no room for these steps), `end_at` (it ends well without its last file).
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import yaml

AGED_SECONDS = 30.0
"""Its files are as old as if they had been written so long ago: no test waits for them to rest."""


def main(path: str) -> None:
    values = yaml.safe_load(re.sub(r"\$\{([^}]+)\}", from_environment, Path(path).read_text()))
    config, meta = values["config"], values.get("meta") or {}
    process = config["process"][0]
    print(json.dumps(process, indent=4), flush=True)
    root = Path(process["training_folder"]) / config["name"]
    root.mkdir(parents=True, exist_ok=True)
    (root / "config.yaml").write_text(yaml.safe_dump(values))
    cache_latents(process["datasets"])
    try:
        Training(config["name"], root, process, meta).run()
    except KeyboardInterrupt:
        print("Job stopped", flush=True)
        return
    except RuntimeError as exc:
        print(f"Error running job: {exc}\nResult:\n - 0 completed jobs\n - 1 failure", flush=True)
        raise
    print("Result:\n - 1 completed job", flush=True)


def from_environment(match: re.Match[str]) -> str:
    value = os.environ.get(match[1])
    if value is None:
        raise ValueError(f"Environment variable {match[1]} not set.")
    return value


def cache_latents(datasets: list[dict[str, Any]]) -> None:
    """Beside the pictures, in a folder of the dataset's own."""
    for dataset in datasets:
        pictures = list(Path(dataset["folder_path"]).rglob("*.png"))
        if not pictures:
            raise FileNotFoundError("no pictures")
        for picture in pictures:
            assert picture.read_bytes(), picture
            cache = picture.parent / "_latent_cache"
            cache.mkdir(exist_ok=True)
            (cache / f"{picture.stem}.safetensors").write_text("latent")


class Training:
    def __init__(
        self, name: str, root: Path, process: dict[str, Any], meta: dict[str, Any]
    ) -> None:
        self.name, self.root, self.meta = name, root, meta
        self.train, self.save_every = process["train"], process["save"]["save_every"]
        self.kept = process["save"].get("max_step_saves_to_keep", 5)
        self.samples = (
            0 if self.train.get("disable_sampling") else len(process["sample"]["prompts"])
        )
        self.start = 0

    def run(self) -> None:
        self.go_on()
        losses = self.losses()
        oom = 0
        for step in range(self.start, self.train["steps"]):
            if step == self.meta.get("hold_at") and not self.start:
                time.sleep(600)
            if step == self.meta.get("end_at"):
                return
            if step in self.meta.get("oom_at", ()):
                oom += 1
                if oom > 3:
                    raise RuntimeError(
                        "OOM during training step 3 times in a row, aborting training"
                    )
                print(
                    f"\n####\n# OOM during training step, skipping batch {oom}/3 #\n####\n",
                    flush=True,
                )
            else:
                oom = 0
            if step != self.start and step % self.save_every == 0:
                print(f"\nSaving at step {step}", flush=True)
                self.save(step)
                self.sample(step)
            rows = [(step, "learning_rate", 1e-4, None), (step, "loss/loss", 1 / (step + 1), None)]
            losses.execute("insert into steps values (?, ?)", (step, time.time()))
            losses.executemany("insert into metrics values (?, ?, ?, ?)", rows)
            losses.commit()
            self.draw(step + 1)
            time.sleep(0.02)
        self.save(None)
        losses.close()

    def go_on(self) -> None:
        found = [path for path in self.root.glob(f"{self.name}*") if path.exists()]
        if not found:
            return
        newest = max(found, key=lambda path: path.stat().st_ctime_ns)
        data = newest.read_bytes()
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        self.start = int(header["__metadata__"]["step"])
        print(f"Found step {self.start} in metadata, starting from there", flush=True)
        state = self.root / "optimizer.pt"
        if state.exists() and state.read_text() != f"state of step {self.start}":
            print(f"Failed to load optimizer state from {state}", flush=True)

    def losses(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.root / "loss_log.db")
        database.execute("pragma journal_mode=wal")
        database.execute(
            "create table if not exists steps (step integer primary key, wall_time real)"
        )
        database.execute(
            "create table if not exists metrics (step integer, key text, value_real real, value_text text, "
            "primary key (step, key))"
        )
        database.execute("delete from metrics where step >= ?", (self.start,))
        database.execute("delete from steps where step >= ?", (self.start,))
        database.commit()
        return database

    def save(self, step: int | None) -> None:
        at = self.train["steps"] if step is None else step
        suffix = "" if step is None else f"_{step:09d}"
        weights = self.root / f"{self.name}{suffix}.safetensors"
        header = json.dumps({"__metadata__": {"step": str(at)}}).encode()
        self.written(weights, len(header).to_bytes(8, "little") + header)
        print(f"Saved checkpoint to {weights}", flush=True)
        state = self.root / "optimizer.pt"
        self.written(state, f"state of step {at}".encode())
        print(f"Saved optimizer to {state}", flush=True)
        saves = sorted(self.root.glob(f"{self.name}_*"), key=lambda path: path.stat().st_ctime_ns)
        for old in saves[: -self.kept]:
            print(f"Removing old save: {old}", flush=True)
            old.unlink()

    def written(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        at = time.time_ns() - int(AGED_SECONDS * 1e9)
        os.utime(path, ns=(at, at))

    def sample(self, step: int) -> None:
        folder = self.root / "samples"
        for hidden in (".tmp", ".thumbs"):
            (folder / hidden).mkdir(parents=True, exist_ok=True)
        for number in range(self.samples):
            name = f"{time.time_ns() // 1_000_000}__{step:09d}_{number}.jpg"
            (folder / ".thumbs" / f"{name}.jpg").write_bytes(b"small")
            (folder / ".tmp" / name).write_bytes(b"\xff\xd8picture")
            (folder / ".tmp" / name).replace(folder / name)

    def draw(self, done: int) -> None:
        total = self.train["steps"]
        times = "[00:01<00:01, 16.56it/s, lr: 1.0e-04 loss: 2.500e-02]"
        bar = f"{self.name}: {done * 100 // total:3d}%|#####     | {done}/{total} {times}"
        sys.stderr.write(f"\r{bar}")
        sys.stderr.flush()


if __name__ == "__main__":
    main(sys.argv[1])
