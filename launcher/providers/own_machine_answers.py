"""What the launcher's program on a person's own machine answers, read leniently, as words and errors of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from launcher.domain.pod import Pod, PodStatus
from launcher.errors import (
    ApiDrift,
    InvalidRequest,
    NoCapacity,
    PodGone,
    ProviderError,
    ProviderUnavailable,
)
from launcher.providers.told_times import deadline_in
from pod_image.contract.common_settings import Cloud
from pod_image.contract.own_machine import Kind

_ERRORS = {
    Kind.GONE.value: PodGone,
    Kind.NO_ROOM.value: NoCapacity,
    Kind.INVALID.value: InvalidRequest,
    Kind.ALIVE.value: ProviderUnavailable,
}


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class GpuAnswer(_Lenient):
    name: str
    memory_gb: int = 0
    is_free: bool = False


class ContainerAnswer(_Lenient):
    """What a run would be in; `why_not` where the machine has no engine that answers."""

    engine: str = ""
    version: str = ""
    image: str = ""
    is_rootless: bool = False
    why_not: str = ""
    hint: str = ""


class LookAnswer(_Lenient):
    host: str = ""
    account_id: str = ""
    is_root: bool = False
    memory_gb: int = 0
    absent: tuple[str, ...] = ()
    gpus: tuple[GpuAnswer, ...] = ()
    container: ContainerAnswer | None = None


class RunAnswer(_Lenient):
    id: str
    name: str = ""
    nonce: str = ""
    run_json: str = ""
    created_at: float | None = None
    seconds: float | None = None
    is_begun: bool = False
    gpu_type: str = ""
    gpu_count: int = 0


@dataclass(frozen=True)
class Answers:
    """Each of these raises ApiDrift for a form that this launcher does not know."""

    title: str
    """Of the machine, as sentences say it."""

    def done(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was answered, or the refusal as an error of ours."""
        refused, done = answer.get("refused"), answer.get("ok")
        if isinstance(refused, dict):
            kind = _ERRORS.get(str(refused.get("kind")), ProviderError)
            raise kind(str(refused.get("message", "")), hint=str(refused.get("hint", "")))
        if not isinstance(done, dict):
            raise self.drifted()
        return done

    def look(self, document: Mapping[str, Any]) -> LookAnswer:
        try:
            return LookAnswer.model_validate(document)
        except ValidationError as exc:
            raise self.drifted() from exc

    def pods(self, document: Mapping[str, Any]) -> list[Pod]:
        runs = document.get("runs")
        if not isinstance(runs, list):
            raise self.drifted()
        return [self.pod(each) for each in runs]

    def pod(self, document: Mapping[str, Any]) -> Pod:
        try:
            told = RunAnswer.model_validate(document)
        except ValidationError as exc:
            raise self.drifted() from exc
        born = told.created_at
        return Pod(
            id=told.id,
            name=told.name,
            status=PodStatus.RUNNING if told.is_begun else PodStatus.STARTING,
            price_per_hour_usd=0.0,
            created_at=None if born is None else datetime.fromtimestamp(born, UTC),
            uptime_seconds=told.seconds if told.is_begun else None,
            gpu_type=told.gpu_type,
            gpu_count=told.gpu_count,
            cloud=Cloud.SECURE,
            nonce=told.nonce,
            deadline=deadline_in(told.run_json),
            run_json=told.run_json,
        )

    def drifted(self) -> ApiDrift:
        return ApiDrift(
            f"{self.title} answered in a form that this launcher does not know.",
            hint="Use only one release of the launcher with that machine.",
        )
