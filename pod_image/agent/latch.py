"""What happens when this container starts: whether the run begins, goes on, is only delivered, or only ends its pod."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pod_image.contract.environment import RunDocument
from pod_image.contract.outcomes import EndReason
from pod_image.contract.record import KeptCheckpoint, RunRecord


@dataclass(frozen=True)
class Ending:
    """Why a run ends, and what a person can do about it."""

    reason: EndReason
    detail: str = ""
    hint: str = ""


class Latch(BaseModel):
    """What this container's disk remembers of an attempt; a hint, since the disk may be wiped."""

    model_config = ConfigDict(extra="ignore")

    nonce: str
    boots: int = 0
    resumed_at_steps: tuple[int, ...] = ()
    commands_taken: int = 0
    has_read_old_commands: bool = False
    """Numbered files that were there when the attempt began are read; what comes now is for this one."""
    end_reason: EndReason | None = None
    detail: str = ""
    hint: str = ""
    is_over: bool = False
    """`ended` was said: whoever starts again only releases the pod."""
    stage_pid: int = 0
    stage_started: str = ""

    @property
    def ending(self) -> Ending | None:
        if self.end_reason is None:
            return None
        return Ending(self.end_reason, self.detail, self.hint)


@dataclass
class LatchFile:
    """The latch on disk. A disk that cannot be written loses the hint, not the run."""

    path: Path
    latch: Latch

    @classmethod
    def open(cls, path: Path, nonce: str) -> LatchFile:
        """The latch of this attempt; a new one when the file is absent, torn, or another attempt's."""
        try:
            latch = Latch.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            latch = Latch(nonce=nonce)
        return cls(path, latch if latch.nonce == nonce else Latch(nonce=nonce))

    def note(self, **changes: object) -> None:
        self.latch = self.latch.model_copy(update=changes)
        try:
            write_atomically(self.path, self.latch.model_dump_json().encode())
        except OSError:
            return


def write_atomically(path: Path, content: bytes) -> None:
    """The file is there whole or not at all, also after a power cut. Raises OSError."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with scratch.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


@dataclass(frozen=True)
class Begin:
    """Nothing was done yet."""


@dataclass(frozen=True)
class GoOn:
    """Continue training; `fetch` names the checkpoint to bring from the results repo first."""

    step: int
    fetch: KeptCheckpoint | None = None


@dataclass(frozen=True)
class DeliverOnly:
    """Training is over, or cannot go on: deliver what there is, then release."""

    ending: Ending


@dataclass(frozen=True)
class ReleaseOnly:
    """The run is over."""

    why: str


@dataclass(frozen=True)
class Hold:
    """Only the Hub can tell, and it does not answer: ask again, up to the caps."""


@dataclass(frozen=True)
class Refuse:
    """This run may not begin. `is_taken`: another pod has its folder in the repo, which is not written to then."""

    ending: Ending
    is_taken: bool = False


Start = Begin | GoOn | DeliverOnly | ReleaseOnly | Hold | Refuse


@dataclass(frozen=True)
class Known:
    """Everything a start is decided from. `hub_answers` False: `record` says nothing."""

    document: RunDocument
    latch: Latch
    record: RunRecord | None
    hub_answers: bool
    disk_step: int | None
    """Step of the newest checkpoint on this disk."""
    is_young: bool
    """The pod is within its boot budget: a second start is unlikely, and nothing is lost by giving up."""
    same_resume_limit: int = 3
    resumed: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        remembered = self.latch.resumed_at_steps
        recorded = self.record.resumed_at_steps if self.record and self.is_ours else ()
        longer = recorded if len(recorded) > len(remembered) else remembered
        object.__setattr__(self, "resumed", longer)

    @property
    def is_ours(self) -> bool:
        """The record is this very attempt's."""
        return self.record is not None and self.record.nonce == self.document.attempt.nonce

    @property
    def was_here(self) -> bool:
        """This attempt has begun before."""
        return self.latch.boots > 0 or self.is_ours


def decide(known: Known) -> Start:
    """What to do at this start of the container. Never trains a finished run again."""
    if known.latch.is_over:
        return ReleaseOnly("this run has ended")
    if known.record is not None and (over := _over(known.record, known)):
        return over
    if known.was_here:
        return _again(known)
    if not known.hub_answers:
        return _unknown(known)
    return _first(known)


def _over(record: RunRecord, known: Known) -> ReleaseOnly | None:
    if known.is_ours:
        return ReleaseOnly("this run has ended") if record.state == "ended" else None
    if record.attempt > known.document.attempt.number:
        return ReleaseOnly(f"attempt {record.attempt} of this run has taken over")
    return None


def _again(known: Known) -> Start:
    """This attempt was under way when its container ended."""
    if known.latch.ending is not None:
        return DeliverOnly(known.latch.ending)
    record = known.record if known.is_ours else None
    if record is not None and record.end_reason is not None:
        return DeliverOnly(Ending(record.end_reason, record.detail, record.hint))
    kept = record.checkpoint if record is not None else None
    if known.disk_step is not None:
        return _go_on(known, GoOn(known.disk_step))
    if kept is not None:
        return _go_on(known, GoOn(kept.step, kept))
    if not known.hub_answers:
        return Hold()
    return DeliverOnly(
        Ending(
            EndReason.FAILED,
            "The container was started again before there was a checkpoint to go on from.",
            "Start the run again; a shorter checkpoint interval loses less.",
        )
    )


def _go_on(known: Known, start: GoOn) -> Start:
    if known.resumed.count(start.step) < known.same_resume_limit:
        return start
    return DeliverOnly(
        Ending(
            EndReason.TRAINER_DIED,
            f"The container was started again {known.same_resume_limit} times without getting "
            f"further than step {start.step}.",
            "It may need more memory: take a smaller batch size or a larger machine.",
        )
    )


def _unknown(known: Known) -> Start:
    if not known.is_young:
        return Hold()
    return Refuse(
        Ending(
            EndReason.BOOT_FAILED,
            "The Hub could not be reached, so the results could not be delivered either.",
            "Try again; nothing was trained.",
        )
    )


def _first(known: Known) -> Start:
    record, document = known.record, known.document
    if record is None:
        return Begin()
    if document.resume:
        kept = record.checkpoint
        return Begin() if kept is None else GoOn(kept.step, kept)
    if record.checkpoint is not None:
        return _taken(known, "the results repo holds its checkpoints")
    if record.attempt == document.attempt.number:
        # This computer counts its attempts: one of the same number is another's, launched a moment earlier.
        return _taken(known, "a launch from another computer has begun it")
    return Begin()


def _taken(known: Known, why: str) -> Refuse:
    ending = Ending(
        EndReason.BOOT_FAILED,
        f"The run id {known.document.run_id!r} is taken: {why}.",
        "Use --resume to go on with it, or another --run-id.",
    )
    return Refuse(ending, is_taken=True)


def run_id_in(text: str) -> str:
    """The run id of a document that could not be read as a whole, for the sentence that says so."""
    try:
        run_id = json.loads(text)["run_id"]
    except (ValueError, KeyError, TypeError):
        return "unknown"
    return run_id if isinstance(run_id, str) and 0 < len(run_id) <= 40 else "unknown"
