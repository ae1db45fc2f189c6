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
    """null for small files that the Hub keeps in git itself."""


class Results(TypedDict):
    """What a run has delivered."""

    schema: Literal["results"]
    version: Literal[1]
    run_id: str
    results_repo: str
    revision: str | None
    """The version that was asked for; null for what is newest."""
    versions: list[str]
    """Tags of the run's versions, oldest first; empty where one of them was asked for."""
    files: list[DeliveredFile]


class Copy(TypedDict):
    """Files that were copied from the work folder of a run."""

    schema: Literal["cp"]
    version: Literal[1]
    run_id: str
    path: str
    """Below the run's work folder, as it was asked for."""
    files: list[Path]
    """Where they lie now; each was compared with the size and the SHA-256 that the results repo lists."""
    size_bytes: int
    commit: str
    detail: str
    """What the pod said: how much it is, and what it left out."""


class ResultsDownload(TypedDict):
    """What was brought here, each file checked."""

    schema: Literal["results.download"]
    version: Literal[1]
    folder: Path
    files: list[Path]
    size_bytes: int
    commit: str


class VoiceFacts(TypedDict):
    step: int | None
    """null for the final one."""
    name: str
    size_bytes: int
    path: str
    """In the results repo."""
    here: Path | None
    """null where it was not fetched."""


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
    """The voice's own JSON, beside it."""


class VoicesUse(TypedDict):
    """Which checkpoint's voice is the run's now."""

    schema: Literal["voices.use"]
    version: Literal[1]
    run_id: str
    step: int
    commit: str


class VoicesSay(TypedDict):
    """A recording that was just spoken."""

    schema: Literal["voices.say"]
    version: Literal[1]
    wav: Path
    seconds: float
    took_seconds: float
    voice: Path


class UseStep(TypedDict):
    text: str
    command: str | None
    """To copy, where the step has one."""


class ProgramSteps(TypedDict):
    name: str
    """home-assistant, piper or sherpa-onnx."""
    needs: str
    """Which of the files."""
    steps: list[UseStep]


class VoicesExport(TypedDict):
    """A voice with what other programs need of it."""

    schema: Literal["voices.export"]
    version: Literal[1]
    voice: Path
    """What it was made of; left as it is."""
    files: list[Path]
    """One zip, or the files in the folder."""
    size_bytes: int
    language: str
    speakers: dict[str, int]
    """Names with their numbers; empty for a voice of one."""
    programs: list[ProgramSteps]


class VoiceBaseFacts(TypedDict):
    language: str
    name: str
    quality: str
    speakers: int
    licence: str
    lineage: str
    """What it started from itself: scratch, lessac, kristin, unknown."""
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
    """null where it went into a Space."""
    space: str | None
    address: str | None
    """Of the Space."""
    public: bool | None
    """Whether everyone sees the Space."""
    size_bytes: int
    samples: int
    """In the page."""
    samples_made: int
    trouble: str
    """Why something is missing, or empty."""


class Export(TypedDict):
    """The voice that was made of a checkpoint."""

    schema: Literal["export"]
    version: Literal[1]
    onnx: Path
    json: Path
    tokens: Path
    """For sherpa-onnx."""
    size_bytes: int


class ExportTask(TypedDict):
    """The file of another engine, written for the same image and settings. Nothing was started."""

    schema: Literal["export.task"]
    version: Literal[1]
    engine: str
    path: Path
    secrets: list[str]
    """Names that the engine must be given values for, by its own way; the file holds none."""
    warning: str
    """Which promise does not hold there."""


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
    """By the stand-in's own books."""
    cost_usd: float | None
    """What a GPU would have cost."""
    results_repo: str
    faults: dict[str, int]
    """Each fault that was asked for, and how often it struck."""


class DemoStandIns(TypedDict):
    """Where the stand-ins are, while the command goes on."""

    schema: Literal["demo.stand_ins"]
    version: Literal[1]
    env: dict[str, str]
    """Variables for another terminal; the keys open nothing but this demo."""
    dataset_repo: str
    results_repo: str


class DemoFaults(TypedDict):
    """Every failure that the demo can inject, with a sentence each."""

    schema: Literal["demo.faults"]
    version: Literal[1]
    faults: dict[str, str]
