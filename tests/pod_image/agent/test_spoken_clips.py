"""Clips that a teacher speaks: delivered while they are made, and taken up by another pod when the host dies."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

from pod_image.contract.bodies import Body
from pod_image.contract.paths import RunFolder
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, ScriptedStage, training
from tests.pod_image.recipes.distil.made_clips import (
    TEXTS,
    DemoTeacher,
    making,
    recogniser,
    sentences,
)

DISTIL: dict[str, Any] = {
    "recipe": "distil",
    "dataset_repo": "",
    "teacher_command": ["speak"],
    "heard_by": "off",
}


@in_virtual_time
async def test_a_second_pod_speaks_and_hears_only_what_the_first_did_not_deliver(
    tmp_path: Path,
) -> None:
    ears, said = recogniser(), []

    async def script(stage: ScriptedStage) -> int:
        if stage.phase != "prepare":
            return await training(steps=3)(stage)
        folder = RunFolder(stage.spec.folder)

        def report(body: Body) -> None:
            stage.emit(body.event, **body.model_dump(mode="json", exclude_defaults=True))

        is_first = not stage.document.resume
        teacher = DemoTeacher()
        work = making(folder.root, ears)
        work.emit = report
        rows = work.make(sentences(3 if is_first else 5), lambda: teacher)
        said.append(teacher.said)
        if is_first:
            await asyncio.sleep(100_000.0)
        shutil.rmtree(work.places.work)
        assert [row.text for row in rows] == TEXTS[:5]
        return 0

    harness = AgentHarness(tmp_path, script)
    first = harness.rent(harness.document(**DISTIL))
    await harness.until("upload")
    await asyncio.sleep(120.0)
    assert "run-01/spoken/clips-0001.tar" in harness.results()
    harness.world.kill_host(first)
    harness.said.clear()
    harness.rent(harness.document(**DISTIL, attempt=2, nonce="nonce2", resume=True))
    await harness.until_gone()
    assert harness.ended["reason"] == "finished"
    assert said == [TEXTS[:3], TEXTS[3:5]]
    assert sorted(ears.heard) == sorted(TEXTS[:5])
    assert {"run-01/spoken/clips-0001.tar", "run-01/spoken/clips-0002.tar"} <= set(
        harness.results()
    )
