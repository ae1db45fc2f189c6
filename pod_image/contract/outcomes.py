"""Phases and ends of a run, with what they mean."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    BOOT = "boot"
    FETCH = "fetch"
    PREPARE = "prepare"
    TRAIN = "train"
    EXPORT = "export"
    DELIVER = "deliver"
    RELEASE = "release"


class EndReason(StrEnum):
    """Why a run ended. Every end except `aborted` and `lost` tries to deliver the results before the pod is
    released. The reason does not say what was delivered: the event `ended` counts it."""

    FINISHED = "finished"
    STOPPED = "stopped"
    TIME_CAP = "time_cap"
    COST_CAP = "cost_cap"
    GPU_IDLE = "gpu_idle"
    STALLED = "stalled"
    TRAINER_DIED = "trainer_died"
    FAILED = "failed"
    BOOT_FAILED = "boot_failed"
    ABORTED = "aborted"
    LOST = "lost"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]

    @property
    def is_success(self) -> bool:
        return self in (EndReason.FINISHED, EndReason.STOPPED)

    @property
    def delivers(self) -> bool:
        return self not in (EndReason.ABORTED, EndReason.LOST)


_SENTENCES = {
    EndReason.FINISHED: "The run finished.",
    EndReason.STOPPED: "The run was stopped on request.",
    EndReason.TIME_CAP: "The time cap was reached.",
    EndReason.COST_CAP: "The cost cap was reached.",
    EndReason.GPU_IDLE: "The GPU was idle for too long.",
    EndReason.STALLED: "Training made no progress for too long.",
    EndReason.TRAINER_DIED: "The training process died.",
    EndReason.FAILED: "The run failed.",
    EndReason.BOOT_FAILED: "The pod was not ready in time and was released.",
    EndReason.ABORTED: "The run was aborted; the pod was released at once.",
    EndReason.LOST: "The pod disappeared without saying how it ended.",
}
