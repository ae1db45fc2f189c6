"""Documents about what runs made: delivered files and voices, exported voices, spoken text, and the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypedDict

from pod_image.contract.outcomes import EndReason, Phase


class DeliveredFile(TypedDict):
    path: str
    """In the results repo."""
    size_bytes: int
    sha256: str | None
    """null for small files, which the Hub keeps in git itself."""


class Results(TypedDict):
    """The files that a run has delivered."""

    schema: Literal["results"]
    version: Literal[1]
    run_id: str
    results_repo: str
    revision: str | None
    """The version that was asked for; null for the newest."""
    versions: list[str]
    """Tags of the run's versions, oldest first; empty if one of them was asked for."""
    files: list[DeliveredFile]


class Copy(TypedDict):
    """Files that were copied from the work folder of a run."""

    schema: Literal["cp"]
    version: Literal[1]
    run_id: str
    path: str
    """The path that was asked for, relative to the run's work folder."""
    files: list[Path]
    """Paths of the copies; each was compared with the size and the SHA-256 in the results repo's listing."""
    size_bytes: int
    commit: str
    detail: str
    """The pod's answer: how much it uploaded, and what it left out."""


class ResultsDownload(TypedDict):
    """Files that were downloaded, each checked."""

    schema: Literal["results.download"]
    version: Literal[1]
    folder: Path
    files: list[Path]
    size_bytes: int
    commit: str


class VoiceFacts(TypedDict):
    step: int | None
    """null for the final voice."""
    name: str
    size_bytes: int
    path: str
    """In the results repo."""
    here: Path | None
    """Path on this computer; null if it was not fetched."""


class VoicesList(TypedDict):
    """The voices that a run has delivered."""

    schema: Literal["voices.list"]
    version: Literal[1]
    run_id: str
    results_repo: str
    voices: list[VoiceFacts]


class VoicesFetch(TypedDict):
    """The voice on this computer."""

    schema: Literal["voices.fetch"]
    version: Literal[1]
    onnx: Path
    json: str
    """The voice's own JSON file, next to it."""


class VoicesUse(TypedDict):
    """The checkpoint whose voice is now the run's voice."""

    schema: Literal["voices.use"]
    version: Literal[1]
    run_id: str
    step: int
    commit: str


class VoicesSay(TypedDict):
    """The audio file that was made."""

    schema: Literal["voices.say"]
    version: Literal[1]
    wav: Path
    seconds: float
    took_seconds: float
    voice: Path


class UseStep(TypedDict):
    text: str
    command: str | None
    """A command to copy, if the step has one."""


class ProgramSteps(TypedDict):
    name: str
    """home-assistant, piper or sherpa-onnx."""
    needs: str
    """The files that this program needs."""
    steps: list[UseStep]


class VoicesExport(TypedDict):
    """A voice in the form that other programs need."""

    schema: Literal["voices.export"]
    version: Literal[1]
    voice: Path
    """The voice that it was made from, which stays as it is."""
    files: list[Path]
    """One ZIP file, or the files in the folder."""
    size_bytes: int
    language: str
    speakers: dict[str, int]
    """Names with their numbers; empty for a voice with one speaker."""
    programs: list[ProgramSteps]


class VoiceBaseFacts(TypedDict):
    language: str
    name: str
    quality: str
    speakers: int
    licence: str
    lineage: str
    """What it was trained from itself: scratch, lessac, kristin, unknown."""
    checkpoint: str


class VoicesBases(TypedDict):
    """Published checkpoints to fine-tune from."""

    schema: Literal["voices.bases"]
    version: Literal[1]
    as_of: str
    source: str
    bases: list[VoiceBaseFacts]


class Share(TypedDict):
    """The page of a run: a file here, or in a Space."""

    schema: Literal["share"]
    version: Literal[1]
    run_id: str
    results_repo: str
    file: Path | None
    """null if it went into a Space."""
    space: str | None
    address: str | None
    """Address of the Space."""
    public: bool | None
    """Whether everyone can see the Space."""
    size_bytes: int
    samples: int
    """Number of samples in the page."""
    samples_made: int
    trouble: str
    """Why something is missing; empty if nothing is."""


class Export(TypedDict):
    """The voice that was made from a checkpoint."""

    schema: Literal["export"]
    version: Literal[1]
    onnx: Path
    json: Path
    tokens: Path
    """The tokens file that sherpa-onnx reads."""
    size_bytes: int


class ExportTask(TypedDict):
    """A task file for another engine, with the same image and settings. Nothing was started."""

    schema: Literal["export.task"]
    version: Literal[1]
    engine: str
    path: Path
    secrets: list[str]
    """Names of secrets that you must set in the engine, in its own way; the file contains no values."""
    warning: str
    """Which of our promises does not hold there."""


class DemoPhase(TypedDict):
    name: Phase
    seconds: float


class DemoVoice(TypedDict):
    onnx: str
    json: str
    sha256: str


class Demo(TypedDict):
    """What came out of the demo's run. The last line on stdout."""

    schema: Literal["demo"]
    version: Literal[1]
    run_id: str
    end_reason: EndReason | None
    phases: list[DemoPhase]
    steps: int
    first_loss: float | None
    last_loss: float | None
    voice: DemoVoice | None
    spoken_wav: str | None
    provider_calls: int
    pods_left: int
    """Pods that still exist at the simulated RunPod."""
    cost_usd: float | None
    """What the run would have cost on a GPU."""
    results_repo: str
    faults: dict[str, int]
    """Each fault that was asked for, and how often it occurred."""


class DemoStandIns(TypedDict):
    """Addresses of the simulated services, while the command runs."""

    schema: Literal["demo.stand_ins"]
    version: Literal[1]
    env: dict[str, str]
    """Variables to set in another terminal; the keys work with this demo only."""
    dataset_repo: str
    results_repo: str


class DemoFaults(TypedDict):
    """Every failure that the demo can inject, with a sentence each."""

    schema: Literal["demo.faults"]
    version: Literal[1]
    faults: dict[str, str]
