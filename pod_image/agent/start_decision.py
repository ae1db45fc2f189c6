"""What happens when this container starts: whether the run begins, goes on, is only delivered, or only ends its pod."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from pod_image.agent.attempt_state import AttemptState, Ending
from pod_image.contract.environment import RunDocument
from pod_image.contract.next_steps import NextStep, Sentence, setting
from pod_image.contract.nodes import ALONE, Node
from pod_image.contract.outcomes import EndReason
from pod_image.contract.record import KeptCheckpoint, RunRecord
from pod_image.contract.results_address import results_kind


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
    attempt_state: AttemptState
    record: RunRecord | None
    hub_answers: bool
    disk_step: int | None
    """Step of the newest checkpoint on this disk."""
    is_young: bool
    """The pod is within its boot budget: a second start is unlikely, and nothing is lost by giving up."""
    same_resume_limit: int = 3
    node: Node = ALONE
    resumed: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        remembered = self.attempt_state.resumed_at_steps
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
        return self.attempt_state.boots > 0 or self.is_ours


def decide(known: Known) -> Start:
    """What to do at this start of the container. Never trains a finished run again. To be asked before the record is
    taken over, which is the first node's."""
    if not known.node.is_first:
        return _further(known)
    if known.attempt_state.is_over:
        return ReleaseOnly("this run has ended")
    if known.record is not None and (over := _over(known.record, known)):
        return over
    if known.was_here:
        return _again(known)
    if not known.hub_answers:
        return _unknown(known)
    return _first(known)


def _further(known: Known) -> Start:
    """Of a node of a cluster beside the first, which alone keeps the record: it begins with it, once."""
    if known.attempt_state.is_over:
        return ReleaseOnly("this node's part is over")
    if known.attempt_state.boots:
        return DeliverOnly(known.attempt_state.ending or _left_behind())
    if not known.hub_answers:
        return _unknown(known)
    kept = known.record.checkpoint if known.record and known.document.resume else None
    return Begin() if kept is None else GoOn(kept.step, kept)


def _over(record: RunRecord, known: Known) -> ReleaseOnly | None:
    if known.is_ours:
        return ReleaseOnly("this run has ended") if record.state == "ended" else None
    if record.attempt > known.document.attempt.number:
        return ReleaseOnly(f"attempt {record.attempt} of this run has taken over")
    return None


def _again(known: Known) -> Start:
    """This attempt was under way when its container ended."""
    if known.attempt_state.ending is not None:
        return DeliverOnly(known.attempt_state.ending)
    record = known.record if known.is_ours else None
    if record is not None and record.end_reason is not None:
        return DeliverOnly(Ending(record.end_reason, record.detail, record.what_to_do))
    if known.document.settings.nodes > 1:
        return DeliverOnly(_left_behind())
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
            "The container was started again before there was a checkpoint to continue from.",
            "Start the run again; a shorter checkpoint interval loses less.",
        )
    )


def _left_behind() -> Ending:
    """The nodes of a cluster begin together: the others have stopped when one is started again."""
    return Ending(
        EndReason.TRAINER_DIED,
        "The container of a node was started again, and the others cannot wait for it.",
        Sentence("Continue from the last checkpoint with ", NextStep.CONTINUE_RUN, "."),
    )


def _go_on(known: Known, start: GoOn) -> Start:
    if known.resumed.count(start.step) < known.same_resume_limit:
        return start
    return DeliverOnly(
        Ending(
            EndReason.TRAINER_DIED,
            f"The container was started again {known.same_resume_limit} times without getting "
            f"further than step {start.step}.",
            "It may need more memory: a larger machine, or settings that ask for less of it.",
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
        where = results_kind(document.settings.results_there)
        return _taken(known, f"the {where} holds its checkpoints")
    if record.attempt == document.attempt.number:
        # This computer counts its attempts: one of the same number is another's, launched a moment earlier.
        return _taken(known, "a launch on another computer has started it")
    return Begin()


def _taken(known: Known, why: str) -> Refuse:
    ending = Ending(
        EndReason.BOOT_FAILED,
        f"The run id {known.document.run_id!r} is taken: {why}.",
        Sentence(
            "Continue it with ",
            NextStep.CONTINUE_RUN,
            ", or choose another ",
            setting("run_id"),
            ".",
        ),
    )
    return Refuse(ending, is_taken=True)


def run_id_in(text: str) -> str:
    """The run id of a document that could not be read as a whole, for the sentence that says so."""
    try:
        run_id = json.loads(text)["run_id"]
    except (ValueError, KeyError, TypeError):
        return "unknown"
    return run_id if isinstance(run_id, str) and 0 < len(run_id) <= 40 else "unknown"
