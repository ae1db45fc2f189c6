"""Where things are: in the pod's folder, and in the results repo. One layout, named once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from pod_image.contract.letters import is_plain_name

CONTROL_FOLDER = "_control"
"""Folder of the results repo, below the run's, for instructions where exec is refused: 0001.json, 0002.json."""
STUDIES_FOLDER = "studies"
"""Folder of the results repo for what its studies have found; no run has this name."""

_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"}
)
"""Windows opens a device by these, in every folder, in either case and with any ending."""


def safe_path(name: str) -> str | None:
    r"""A path that others wrote, with `/` and without `.`; None unless it stays below its folder on every system.

    Refused everywhere, so that what one computer holds every other can fetch: `..`, a leading `/` or `\`, any colon
    (`C:x` is a path on another drive, `a.wav:b` a hidden stream), names that Windows gives to devices, a dot or blank
    at a name's end, which Windows drops, and letters that cannot be seen.
    """
    slashed = name.replace("\\", "/")
    parts = [part for part in slashed.split("/") if part not in ("", ".")]
    if not parts or slashed.startswith("/"):
        return None
    return "/".join(parts) if all(is_safe_name(part) for part in parts) else None


def is_safe_name(part: str) -> bool:
    """Whether a text is the name of a file or folder on every system, and of nothing else."""
    device = part.partition(".")[0].rstrip().casefold()
    return (
        part not in ("", ".", "..")
        and not part.endswith((".", " "))
        and ":" not in part
        and "/" not in part
        and "\\" not in part
        and device not in _DEVICES
        and is_plain_name(part)
    )


@dataclass(frozen=True)
class RunFolder:
    """The run's files in the pod, below the working folder of the agent."""

    ENVIRONMENT: ClassVar[str] = ".venv"
    """Below `prepared`: packages that the run's command wants beside the image's."""

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
    def reworded(self) -> Path:
        """Results of a stage that was killed, in the words that they are delivered in; written by the agent."""
        return self.root / "reworded"

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
    def log(self) -> Path:
        """What the run printed, masked and bounded; delivered, and gone on with after a restart."""
        return self.out / "log.txt"

    @property
    def instructions(self) -> Path:
        """Where `pod_image.control` drops instructions for the agent, one file each."""
        return self.root / "commands"

    @property
    def delivered(self) -> Path:
        """Which checkpoints the results repo has; the agent tells its recipe by it."""
        return self.root / "delivered.json"

    @property
    def attempt_state(self) -> Path:
        """What this container already did: attempt, phase, end. A hint only; the disk may have been wiped."""
        return self.root / "latch.json"


@dataclass(frozen=True)
class ResultsFolder:
    """The run's folder in the results repo."""

    CARD: ClassVar[str] = "README.md"
    CURVES: ClassVar[str] = "card/curves.png"
    """Below the folder: the run's own page, and the picture on it."""

    run_id: str

    def path(self, below: str | PurePosixPath) -> str:
        return f"{self.run_id}/{below}"

    @property
    def record(self) -> str:
        return self.path("run.json")

    @property
    def events(self) -> str:
        return self.path("events.jsonl")

    def earlier_events(self, attempt: int) -> str:
        """Those of an attempt that a later one has followed."""
        return self.path(f"events-attempt-{attempt}.jsonl")

    @property
    def log(self) -> str:
        return self.path("log.txt")

    @property
    def card(self) -> str:
        return self.path(self.CARD)

    @property
    def curves(self) -> str:
        return self.path(self.CURVES)

    @property
    def labels(self) -> str:
        """What a person calls the run: written by launchers, and by no pod."""
        return self.path("labels.json")

    @property
    def own(self) -> frozenset[str]:
        """What the agent itself says of the run; it is another one with every commit."""
        return frozenset({self.record, self.events, self.log, self.card, self.curves})

    def control(self, number: int) -> str:
        return self.path(f"{CONTROL_FOLDER}/{number:04d}.json")

    @staticmethod
    def copied(instruction_id: str, below: str) -> str:
        """Below the folder: a file of the work folder that a person had copied; each time in a folder of its own."""
        return f"copies/{instruction_id}/{below}"
