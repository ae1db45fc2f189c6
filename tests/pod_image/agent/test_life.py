"""Whole lives of a run: every reason to end, and that each of them ends the money."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.pod_image.agent.stand import PRICE, ScriptedStage, Stand, save, training
from tests.virtual import in_virtual_time


@in_virtual_time
async def test_a_finished_run_is_delivered_said_and_released(tmp_path: Path) -> None:
    stand = Stand(tmp_path, training(steps=100, step_seconds=10))
    stand.rent()
    age_seconds = await stand.until_gone()
    assert stand.ended["reason"] == "finished", stand.ended
    assert 1_000 < age_seconds < 1_200
    assert stand.results().keys() >= {
        "README.md",
        "run-01/run.json",
        "run-01/events.jsonl",
        "run-01/voice/demo.onnx",
        "run-01/checkpoints/step-00000100.ckpt",
    }
    assert stand.ended["not_delivered"] == []
    await stand.close_all()
