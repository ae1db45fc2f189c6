"""A pod that runs a command as a real process, above both emulators on loopback."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from launcher.emulator.hub import HubEmulator
from launcher.emulator.runpod import RunPodEmulator
from launcher.emulator.runpod.pods import Pod
from pod_image.contract.environment import RUN_VARIABLE, Attempt
from tests.kit.clouds import GPU
from tests.kit.run_documents import run_document
from tests.pod_image.agent.harness import events_in

PATIENCE_SECONDS = 150.0


@dataclass
class Clouds:
    """A pod that runs a command, and where to look."""

    hub: HubEmulator
    cloud: RunPodEmulator
    root: Path
    pods: list[Pod] = field(default_factory=list)
    patience_seconds: float = PATIENCE_SECONDS

    def rent(
        self,
        *argv: str,
        entrypoint: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        resume: bool = False,
        **settings: Any,
    ) -> Pod:
        """Each further pod is the next attempt at the same run."""
        number = len(self.pods) + 1
        document = run_document(
            resume=resume,
            attempt=Attempt(number=number, nonce=f"nonce{number}"),
            settings={
                "recipe": "command",
                "results_repo": "demo/results",
                "argv": argv,
                "max_hours": 1.0,
                **settings,
            },
            deadline=datetime.now(UTC) + timedelta(hours=1),
        )
        token = self.hub.tokens["write"]
        pod = self.cloud.world.rent(
            {
                "name": "demo",
                "image": "pod-image",
                "gpu": {"id": GPU, "count": 1},
                "cloud": "SECURE",
                "disk": 20,
                "env": {
                    RUN_VARIABLE: document.to_json(),
                    "HF_DATASET_TOKEN": token,
                    "HF_UPLOAD_TOKEN": token,
                    "HF_ENDPOINT": self.hub.url,
                    "RUNPOD_API_BASE_URL": self.cloud.url,
                    "NO_PROXY": "127.0.0.1,localhost",
                    **(environment or {}),
                },
                **({"entrypoint": list(entrypoint)} if entrypoint else {}),
            }
        )
        self.pods.append(pod)
        return pod

    @property
    def disk(self) -> Path:
        return self.root / "pods" / self.pods[-1].id / "disk" / "run"

    @property
    def log(self) -> str:
        """What the newest pod's log says, for a failure's message."""
        return "\n".join(self.pods[-1].log.texts())

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        path = self.disk / "out" / "events.jsonl"
        return events_in(path.read_text().splitlines(), kind) if path.exists() else []

    def results(self) -> dict[str, bytes]:
        folder = self.root / "hub" / "models" / "demo" / "results"
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }

    def wait(self, holds: Any, what: str) -> None:
        until = time.monotonic() + self.patience_seconds
        while not holds():
            assert time.monotonic() < until, what
            time.sleep(0.1)

    def until_gone(self) -> None:
        self.wait(lambda: not self.pods[-1].is_live, "the pod outlived its run")
