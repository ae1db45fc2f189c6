"""Runs of the recipe command that write files as a test wants them, and a Hub that never takes some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pod_image.agent.hugging_face import HuggingFace
from pod_image.agent.ports import HubTrouble, Receipt
from tests.pod_image.agent.harness import (
    TIMING,
    AgentHarness,
    Script,
    ScriptedStage,
)


def writing(*names: str, size_bytes: int = 2_000) -> Script:
    """A command that leaves these files."""

    async def script(stage: ScriptedStage) -> int:
        for number, name in enumerate(names):
            path = stage.out / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(number.to_bytes(2, "big") * (size_bytes // 2))
        return 0

    return script


def rent_command(harness: AgentHarness, **settings: Any) -> None:
    harness.rent(
        harness.document(
            recipe="command", argv=["make"], outputs=["**"], dataset_repo="", **settings
        )
    )


SMALL_BATCHES = replace(TIMING, delivery_batch_bytes=1)
"""Batches grow by twos: the first eleven files of 2,000 bytes go alone, as the first large ones do."""


class PickyHub(HuggingFace):
    """A Hub that takes no commit with a file called bad."""

    trouble = HubTrouble("The Hub answered 400.", is_refusal=True, is_about_files=True)

    def publish(self, files: Mapping[str, Path | bytes], message: str, **more: Any) -> Receipt:
        if any(path.endswith("bad") for path in files):
            raise self.trouble
        return super().publish(files, message, **more)
