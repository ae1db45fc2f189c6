"""`run.json` of the results repo: what a run was, how far it got and how it ended. No secret is in it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from pod_image.contract.bodies import GpuIdle, Pace, PhaseSeconds, UploadedFile
from pod_image.contract.next_steps import Said
from pod_image.contract.outcomes import EndReason
from pod_image.contract.sent_steps import SentSteps, heard_hint


class KeptCheckpoint(BaseModel):
    """The newest checkpoint that is whole; `paths` are below the run's folder."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    step: int
    paths: tuple[str, ...]


class RunRecord(BaseModel):
    """Written by the pod with every commit. Readers take what they know and ignore the rest."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    run_id: str
    attempt: int
    nonce: str
    state: Literal["running", "ended"]
    contract: int
    recipe: str
    settings: dict[str, Any] = {}
    dataset_commit: str = ""
    more_dataset_commits: tuple[str, ...] = ()
    brought_sha256: str = ""
    """Of the list of files that came along from the person's computer."""
    versions: dict[str, str] = {}
    gpu: str = ""
    gpu_count: int = 0
    pod_id: str = ""
    price_per_hour_usd: float | None = None
    cost_usd: float | None = None
    created_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    deadline: AwareDatetime | None = None
    boots: int = 1
    resumed_at_steps: tuple[int, ...] = ()
    commands_taken: int = 0
    """Number of the last numbered file of an instruction that was read; the next attempt begins after it."""
    end_reason: EndReason | None = None
    detail: str = ""
    hint: str = ""
    hint_steps: SentSteps = None
    phases: tuple[PhaseSeconds, ...] = ()
    pace: Pace | None = None
    gpu_idle: GpuIdle | None = None
    steps: int = 0
    first_loss: float | None = None
    last_loss: float | None = None
    checkpoint: KeptCheckpoint | None = None
    delivered: tuple[UploadedFile, ...] = ()
    not_delivered: tuple[str, ...] | None = None
    """Below the run's folder; None until the run has ended, and from an older image."""

    @property
    def what_to_do(self) -> Said:
        """`hint` with its steps as values."""
        return heard_hint(self.hint, self.hint_steps)

    def to_json(self) -> str:
        return self.model_dump_json(indent=2, exclude_none=True) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes | None) -> Self | None:
        """The record, or None when there is none or it is not one. Never raises."""
        if not text:
            return None
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            return None
