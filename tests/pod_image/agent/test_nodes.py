"""Pods of a cluster: the first reports, delivers and ends it; the others work beside it, and keep and end nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from launcher.emulator.runpod.pods import Pod
from pod_image.agent.attempt_state import AttemptState, Ending
from pod_image.agent.places import told_pod
from pod_image.agent.places.runpod import RunPodPod
from pod_image.agent.ports import RunHub
from pod_image.agent.start_decision import (
    Begin,
    DeliverOnly,
    GoOn,
    Known,
    Refuse,
    ReleaseOnly,
    decide,
)
from pod_image.contract.environment import RUN_VARIABLE
from pod_image.contract.nodes import ALONE, Node, node_in
from pod_image.contract.outcomes import EndReason
from pod_image.contract.record import KeptCheckpoint, RunRecord
from tests.kit.clouds import CLIPS_REPO, GPU, HUB_URL, READ_TOKEN, RESULTS_REPO, WRITE_TOKEN
from tests.kit.run_documents import run_document
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, Script, ScriptedStage, put_clips, training


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NUM_NODES": "1", "NODE_RANK": "0"},
        {"NUM_NODES": "two", "NODE_RANK": "0"},
        {"NUM_NODES": "2", "NODE_RANK": "2"},
        {"NUM_NODES": "2"},
    ],
)
def test_whatever_does_not_tell_of_a_cluster_is_a_pod_by_itself(
    environment: Mapping[str, str],
) -> None:
    assert node_in(environment) == ALONE
    assert ALONE.is_first
    assert not ALONE.is_in_cluster


def test_a_node_knows_its_place() -> None:
    second = node_in({"NUM_NODES": "2", "NODE_RANK": "1"})
    assert (second, second.is_first, second.is_in_cluster) == (Node(1, 2), False, True)


async def rented(harness: AgentHarness, **settings: Any) -> list[Pod]:
    """A cluster of two that the launcher would order, by the call that makes one."""
    put_clips(harness.hub_of(RunHub(HUB_URL, CLIPS_REPO, RESULTS_REPO, WRITE_TOKEN, WRITE_TOKEN)))
    body = {
        "name": "demo",
        "type": "TRAINING",
        "compute": {"gpuTypeId": GPU, "gpuCountPerPod": 1, "podCount": 2},
        "image": "pod-image",
        "disk": 20,
        "env": {
            RUN_VARIABLE: harness.document(nodes=2, **settings).to_json(),
            "HF_DATASET_TOKEN": READ_TOKEN,
            "HF_UPLOAD_TOKEN": WRITE_TOKEN,
            "HF_ENDPOINT": HUB_URL,
            "RUNPOD_API_BASE_URL": "http://cloud.test",
        },
    }
    key = {"Authorization": f"Bearer {harness.world.api_key}"}
    async with harness.http() as http:
        made = await http.post("http://cloud.test/v2/clusters", json=body, headers=key)
    assert made.status_code == 201
    return harness.world.live_pods()


class Told:
    """What ran on which node."""

    def __init__(self, further: Script | None = None) -> None:
        self.stages: list[tuple[str, str]] = []
        self._further = further

    async def __call__(self, stage: ScriptedStage) -> int:
        rank = stage.spec.environment["NODE_RANK"]
        self.stages.append((rank, stage.phase))
        if rank == "0":
            return await training(steps=20)(stage)
        return await self._further(stage) if self._further is not None else 0

    def of(self, rank: str) -> list[str]:
        return [phase for each, phase in self.stages if each == rank]


def deletes(harness: AgentHarness) -> list[tuple[str, int]]:
    asked = [each for each in harness.world.requests if each.method in ("DELETE", "POST")]
    return [(each.path.split("/")[2], each.status) for each in asked if each.key_kind == "pod"]


@in_virtual_time
async def test_every_node_prepares_and_trains_and_the_first_alone_exports_and_delivers(
    tmp_path: Path,
) -> None:
    told = Told()
    harness = AgentHarness(tmp_path, told)
    first, _ = await rented(harness)
    ended = await harness.until("ended")
    assert ended["reason"] == EndReason.FINISHED
    assert told.of("0") == ["prepare", "train", "export"]
    assert told.of("1") == ["prepare", "train"]
    assert any("This node's part is over: finished." in line for line in harness.logs())
    record = harness.record()
    assert (record.pod_id, record.boots) == (first.id, 1)
    assert record.price_per_hour_usd == pytest.approx(2 * first.price_usd)
    assert len(harness.events("ended")) == 1


@in_virtual_time
async def test_no_member_can_end_itself_and_none_exits(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, Told())
    await rented(harness)
    await harness.until("ended")
    await asyncio.sleep(3600)
    assert len(harness.world.live_pods()) == 2
    assert len(harness.containers) == 2
    # It goes on trying what may work, and nothing that cannot.
    assert set(deletes(harness)) == {("clusters", 403)}


@in_virtual_time
async def test_where_a_members_key_may_the_first_node_ends_them_all(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, Told())
    harness.world.faults.switch_on("members-delete-cluster")
    await rented(harness)
    await harness.until("ended")
    await asyncio.sleep(60)
    assert harness.world.live_pods() == []
    assert deletes(harness) == [("clusters", 204)]


async def at_once(stage: ScriptedStage) -> int:
    return 1 if stage.phase == "train" else 0


@in_virtual_time
async def test_a_further_node_that_is_over_early_ends_nothing_before_the_caps(
    tmp_path: Path,
) -> None:
    async def long(stage: ScriptedStage) -> int:
        if stage.spec.environment["NODE_RANK"] == "1":
            return await at_once(stage)
        return await training(steps=10**6)(stage)

    harness = AgentHarness(tmp_path, long)
    harness.world.faults.switch_on("members-delete-cluster")
    await rented(harness, max_hours=3.0)
    await harness.until("phase", phase="train")
    await asyncio.sleep(2 * 3600)
    assert len(harness.world.live_pods()) == 2
    assert deletes(harness) == []
    await asyncio.sleep(3600 + 60)
    assert harness.world.live_pods() == []


@in_virtual_time
async def test_a_container_of_a_cluster_that_is_started_again_trains_no_more(
    tmp_path: Path,
) -> None:
    async def for_ever(stage: ScriptedStage) -> int:
        if stage.phase == "train":
            await asyncio.sleep(1e6)
        return 0

    told = Told(for_ever)
    harness = AgentHarness(tmp_path, told)
    await rented(harness)
    await harness.until("step", step=3)
    for container in harness.containers[:2]:
        container.kill()
    ended = await harness.until("ended")
    assert ended["reason"] == EndReason.TRAINER_DIED
    assert "was started again" in ended["detail"]
    await asyncio.sleep(60)
    assert told.of("0").count("train") == told.of("1").count("train") == 1


# --- what is decided at a start


def known(**changes: Any) -> Known:
    document = run_document(settings={"nodes": 2}, resume=changes.pop("resume", False))
    values = {
        "document": document,
        "attempt_state": AttemptState(nonce="n"),
        "record": None,
        "hub_answers": True,
        "disk_step": None,
        "is_young": True,
    }
    return Known(**{**values, **changes})


def further(**changes: Any) -> Known:
    return known(node=Node(1, 2), **changes)


def recorded(**changes: Any) -> RunRecord:
    checkpoint = KeptCheckpoint(step=50, paths=("checkpoints/50.ckpt",))
    values = {
        "run_id": "run-01",
        "attempt": 1,
        "nonce": "other1",
        "recipe": "piper",
        "settings": {},
    }
    return RunRecord(
        **{**values, "contract": 1, "state": "ended", "checkpoint": checkpoint, **changes}
    )


def test_a_further_node_begins_whatever_the_first_has_noted_of_the_attempt() -> None:
    ours = recorded(nonce=known().document.attempt.nonce, state="running")
    assert decide(further(record=ours)) == Begin()
    assert isinstance(decide(further(record=recorded(), resume=True)), GoOn)


def test_a_further_node_goes_on_with_nothing() -> None:
    again = AttemptState(nonce="n", boots=1)
    assert isinstance(decide(further(attempt_state=again)), DeliverOnly)
    over = AttemptState(nonce="n", is_over=True)
    assert isinstance(decide(further(attempt_state=over)), ReleaseOnly)
    assert isinstance(decide(further(hub_answers=False)), Refuse)
    ending = Ending(EndReason.STOPPED)
    state = AttemptState(nonce="n", boots=1, end_reason=EndReason.STOPPED)
    assert decide(further(attempt_state=state)) == DeliverOnly(ending)


def test_the_first_node_does_not_go_on_from_its_disk_alone() -> None:
    start = decide(known(attempt_state=AttemptState(nonce="n", boots=1), disk_step=50))
    assert isinstance(start, DeliverOnly)
    assert start.ending.reason is EndReason.TRAINER_DIED


@in_virtual_time
async def test_another_process_is_told_which_node_it_is(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, Told())
    environment = {
        "RUNPOD_POD_ID": "p",
        "RUNPOD_API_KEY": "k",
        "NUM_NODES": "2",
        "NODE_RANK": "1",
    }
    pod = RunPodPod.from_environment(environment, harness.http)
    assert told_pod(pod.as_told(), harness.http) == pod
    assert [way.name for way in pod.ways] == ["delete cluster"]
    assert not await pod.take("delete cluster")


def test_each_node_decides_as_what_it_is_also_after_waiting_for_the_hub() -> None:
    ours = recorded(nonce=known().document.attempt.nonce, state="running")
    assert decide(known(record=ours, node=Node(1, 2))) == Begin()
    assert isinstance(decide(known(record=ours, node=Node(0, 2))), DeliverOnly)
    assert decide(known(record=ours)) == decide(known(record=ours, node=Node(0, 2)))


@in_virtual_time
async def test_that_it_could_not_be_released_is_told_by_the_first_node_alone(
    tmp_path: Path,
) -> None:
    told = []

    async def note(telling: object) -> None:
        told.append(telling)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pod_image.agent.telling.Telling.cannot_release", note)
        harness = AgentHarness(tmp_path, Told())
        await rented(harness, max_hours=3.0)
        await harness.until("ended")
        await asyncio.sleep(5 * 3600)
    assert len(told) == 1
