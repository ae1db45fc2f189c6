"""A command that says nothing for hours, or fills its disk: what the agent sees beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pod_image.agent import watches
from pod_image.agent.disk_watch import DiskWatch
from pod_image.contract.outcomes import EndReason
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, Script, ScriptedStage

COMMAND: dict[str, Any] = {"recipe": "command", "argv": ["train"], "dataset_repo": ""}
GB = 1 << 30
MINUTE = 60.0


def silent_for(hours: float, heard: list[str] | None = None) -> Script:
    async def script(stage: ScriptedStage) -> int:
        for _ in range(int(hours * 180)):
            await asyncio.sleep(20.0)
            while heard is not None and not stage.commands.empty():
                heard.append(stage.commands.get_nowait()["command"])
        return 0

    return script


@pytest.mark.promise("money-idle")
@pytest.mark.parametrize(
    ("gpu_percent", "reason"), [(97.0, EndReason.FINISHED), (0.0, EndReason.STALLED)]
)
@in_virtual_time
async def test_a_command_that_computes_on_the_gpu_alone_is_slow_and_one_that_sleeps_is_stalled(
    tmp_path: Path, gpu_percent: float, reason: EndReason
) -> None:
    harness = AgentHarness(tmp_path, silent_for(hours=0.7))
    harness.processes.gpu_percent = lambda: gpu_percent
    harness.rent(harness.document(**COMMAND, stall_minutes=20))
    await harness.until_gone()
    assert harness.ended["reason"] == reason


def test_a_disk_that_fills_is_told_of_in_time_and_once() -> None:
    disk, said = DiskWatch(), []
    for minute in range(60):
        warning = disk.read((60 - minute) * GB, minute * MINUTE)
        if warning is not None:
            said.append((minute, warning))
    ((minute, warning),) = said
    assert 25 <= minute <= 31, "half an hour before it is full"
    assert "free, and is full in about" in warning.message
    assert "disk_gb" in warning.hint


def test_a_disk_that_is_small_and_stays_so_or_was_cleared_again_is_none_that_fills() -> None:
    disk = DiskWatch()
    assert not any(disk.read(GB, minute * MINUTE) for minute in range(60))
    full = [disk.read((6 - minute) * GB, (100 + minute) * MINUTE) for minute in range(5)]
    assert [each is not None for each in full] == [False, True, False, False, False]
    again = [disk.read((40 - 10 * minute) * GB, (200 + minute) * MINUTE) for minute in range(4)]
    assert sum(each is not None for each in again) == 1, "said anew once it was clear"


@in_virtual_time
async def test_a_command_whose_disk_fills_is_told_to_save_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    harness = AgentHarness(tmp_path, silent_for(hours=0.5, heard=heard))
    began = asyncio.get_running_loop().time()

    def free_bytes(folder: Path) -> int:
        return int(50 * GB - GB * (asyncio.get_running_loop().time() - began) / MINUTE)

    monkeypatch.setattr(watches, "free_bytes_of", free_bytes)
    harness.rent(harness.document(**COMMAND))
    await harness.until_gone()
    warnings = [event for event in harness.events("warning") if event["code"] == "disk_fills"]
    assert len(warnings) == 1
    assert heard == ["save"]
