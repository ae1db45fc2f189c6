"""Pods of other people in the same account: one that has nothing to do with us, one that is called like ours, and
one of a colleague who uses the same program. None of them is ours to touch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from launcher.domain.pod import NONCE_VARIABLE, PodName
from launcher.emulator.runpod import ExecOutcome
from pod_image.contract.environment import RUN_VARIABLE, Attempt
from pod_image.contract.settings import RunSettings
from tests.kit.clouds import GPU
from tests.kit.run_documents import run_document
from tests.kit.virtual_time import START


class Stranger:
    """A container that goes on and on."""

    next_due: float | None = None

    def exit_code(self, now: float) -> int | None:
        return None

    def stop(self) -> None: ...

    def kill(self) -> None: ...

    async def execute(
        self, command: list[str], cwd: str | None, timeout_seconds: float
    ) -> ExecOutcome:
        return ExecOutcome(127, stderr="not here")


def strangers_pods() -> Sequence[dict[str, Any]]:
    """What they ordered."""
    colleague = PodName("run-01", 1, "colleague1")
    document = run_document(
        attempt=Attempt(number=1, nonce=colleague.nonce),
        settings=RunSettings(recipe="piper", results_repo="other/voices", dataset_repo="other/d"),
        deadline=datetime.fromtimestamp(START, UTC) + timedelta(hours=24),
    )
    theirs = {RUN_VARIABLE: document.to_json(), NONCE_VARIABLE: colleague.nonce}
    named_alike = str(PodName("run-01", 1, "namedalike"))
    return [
        _order("jupyter", {}),
        _order(named_alike, {}),
        _order(str(colleague), theirs),
    ]


def _order(name: str, env: dict[str, str]) -> dict[str, Any]:
    gpu = {"id": GPU, "count": 1}
    return {"name": name, "image": "theirs", "gpu": gpu, "cloud": "SECURE", "disk": 20, "env": env}
