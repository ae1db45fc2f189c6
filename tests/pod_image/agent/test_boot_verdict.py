"""What a pod finds out at boot, before anything is fetched: a bad verdict ends it while it has cost little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pod_image.contract.outcomes import EndReason
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import PRICE, AgentHarness, training


@pytest.mark.promise("money-armed")
@in_virtual_time
async def test_armed_comes_before_anything_is_fetched(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    harness.rent()
    await harness.until_gone()
    kinds = [event["event"] for event in harness.events()]
    fetching = next(e["seq"] for e in harness.events("phase") if e["phase"] == "fetch")
    (armed,) = harness.events("armed")
    assert kinds.count("armed") == 1
    assert armed["seq"] < fetching
    assert armed["works"] is True
    assert {check["name"] for check in armed["arms"]} == {"release", "clock", "deadline", "hub"}
    assert armed["price_per_hour_usd"] == PRICE


@in_virtual_time
async def test_an_unknown_contract_is_said_in_one_sentence_and_the_pod_released(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training())
    document = json.loads(harness.document().to_json())
    harness.rent(LAUNCHER_RUN=json.dumps({**document, "contract": 99}))
    assert await harness.until_gone() < 30
    assert harness.ended["reason"] == EndReason.BOOT_FAILED
    assert "99" in harness.ended["detail"]
    assert harness.ended["hint"]
    assert harness.ended["run_id"] == "run-01"


@in_virtual_time
async def test_an_agent_that_fails_before_its_run_says_so_as_the_end_and_releases_the_pod(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training())
    harness.processes.cannot_look = PermissionError(13, "Permission denied", "/proc")
    harness.rent()
    assert await harness.until_gone() < 60
    assert harness.ended["reason"] == EndReason.BOOT_FAILED
    assert harness.ended["run_id"] == "run-01"
    assert any("PermissionError" in line for line in harness.logs())


@in_virtual_time
async def test_settings_that_make_no_sense_are_said_and_the_pod_released(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training())
    harness.rent(LAUNCHER_RUN="{not json")
    assert await harness.until_gone() < 30
    assert harness.ended["reason"] == EndReason.BOOT_FAILED


@in_virtual_time
async def test_a_pod_key_that_is_refused_is_a_bad_verdict(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training())
    harness.world.faults.switch_on("pod-key-refused")
    pod = harness.rent()
    ended = await harness.until("ended")
    (armed,) = harness.events("armed")
    assert armed["works"] is False
    assert ended["reason"] == EndReason.BOOT_FAILED
    assert "403" in ended["detail"]
    assert pod.is_live  # the launcher has to release it
    assert not harness.processes.specs
    harness.world.faults.switch_off()
    await harness.until_gone(hours=0.1)


@in_virtual_time
async def test_a_clock_far_off_is_a_bad_verdict(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training())
    harness.clock.skew_seconds = -86_400.0
    harness.rent()
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.BOOT_FAILED
    assert "clock" in harness.ended["detail"]


@in_virtual_time
async def test_a_hub_that_refuses_the_token_is_a_bad_verdict(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training())
    harness.rent(HF_UPLOAD_TOKEN="demo-hub-read-token")
    assert await harness.until_gone() < 30
    assert harness.ended["reason"] == EndReason.BOOT_FAILED
    assert harness.ended["hint"]
    assert not harness.processes.specs


@in_virtual_time
async def test_a_hub_that_is_away_at_boot_ends_the_run_before_it_costs_much(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training())
    harness.rent()
    harness.core.faults.switch_on("down-for-hours")
    assert await harness.until_gone() < 600
    assert harness.ended["reason"] == EndReason.BOOT_FAILED


@in_virtual_time
async def test_a_cloud_that_stumbles_at_boot_is_asked_again(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=5))
    harness.world.faults.switch_on("server-errors", times=4)
    harness.rent()
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
