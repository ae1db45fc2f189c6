"""What this container's disk remembers of an attempt; it decides, with the record, how the next start goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pod_image.contract.next_steps import Said
from pod_image.contract.outcomes import EndReason
from pod_image.contract.sent_steps import SentSteps, heard_hint, sent_steps
from pod_image.contract.whole_file import write_whole


@dataclass(frozen=True)
class Ending:
    """Why a run ends, and what a person can do about it."""

    reason: EndReason
    detail: str = ""
    hint: Said = ""


class AttemptState(BaseModel):
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
    hint_steps: SentSteps = None
    is_over: bool = False
    """`ended` was said: whoever starts again only releases the pod."""
    stage_pid: int = 0
    stage_started: str = ""

    @property
    def ending(self) -> Ending | None:
        if self.end_reason is None:
            return None
        return Ending(self.end_reason, self.detail, heard_hint(self.hint, self.hint_steps))


@dataclass
class AttemptFile:
    """That on disk. A disk that cannot be written loses the hint, not the run."""

    path: Path
    state: AttemptState

    @classmethod
    def open(cls, path: Path, nonce: str) -> AttemptFile:
        """What is known of this attempt; a new one when the file is absent, torn, or another attempt's."""
        try:
            state = AttemptState.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            state = AttemptState(nonce=nonce)
        return cls(path, state if state.nonce == nonce else AttemptState(nonce=nonce))

    def note_end(self, ending: Ending) -> None:
        self.note(
            end_reason=ending.reason,
            detail=ending.detail,
            hint=str(ending.hint),
            hint_steps=sent_steps(ending.hint),
        )

    def note(self, **changes: object) -> None:
        self.state = self.state.model_copy(update=changes)
        try:
            document = self.state.model_dump_json()
            write_whole(self.path, document, is_durable=True, is_shared=True)
        except OSError:
            return
