"""Where things are: in the pod's folder, and in the results repo. One layout, named once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

CONTROL_FOLDER = "_control"
"""Folder of the results repo, below the run's, for commands where exec is refused: 0001.json, 0002.json."""


@dataclass(frozen=True)
class RunFolder:
    """The run's files in the pod, below the working folder of the agent."""

    root: Path

    @property
    def dataset(self) -> Path:
        """The dataset as it was fetched; nothing is written here afterwards."""
        return self.root / "dataset"

    @property
    def base(self) -> Path:
        """The base checkpoint, and the checkpoint to resume from, as they were fetched."""
        return self.root / "base"

    @property
    def prepared(self) -> Path:
        """What `prepare` made of the dataset; the recipe's own."""
        return self.root / "prepared"

    @property
    def out(self) -> Path:
        """Everything that is delivered; mirrors the run's folder in the results repo."""
        return self.root / "out"

    @property
    def voice(self) -> Path:
        return self.out / "voice"

    @property
    def checkpoints(self) -> Path:
        return self.out / "checkpoints"

    @property
    def samples(self) -> Path:
        return self.out / "samples"

    @property
    def tensorboard(self) -> Path:
        return self.out / "tensorboard"

    @property
    def events(self) -> Path:
        return self.out / "events.jsonl"

    @property
    def record(self) -> Path:
        return self.out / "run.json"

    @property
    def commands(self) -> Path:
        """Where `pod_image.control` drops commands for the agent, one file each."""
        return self.root / "commands"

    @property
    def latch(self) -> Path:
        """What this container already did: attempt, phase, end. A hint only; the disk may have been wiped."""
        return self.root / "latch.json"


@dataclass(frozen=True)
class ResultsFolder:
    """The run's folder in the results repo."""

    run_id: str

    def path(self, below: str | PurePosixPath) -> str:
        return f"{self.run_id}/{below}"

    @property
    def record(self) -> str:
        return self.path("run.json")

    @property
    def events(self) -> str:
        return self.path("events.jsonl")

    def control(self, number: int) -> str:
        return self.path(f"{CONTROL_FOLDER}/{number:04d}.json")
