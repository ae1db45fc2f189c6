"""What a run delivered keeps a name of its own, and nothing depends on it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from launcher.emulator.hub.faults import Rule, refused
from pod_image.agent.hugging_face import HuggingFace
from pod_image.contract.outcomes import EndReason
from pod_image.contract.record import RunRecord
from pod_image.contract.versions import is_version_of, version_names
from tests.kit.clouds import RESULTS_REPO
from tests.kit.virtual_time import in_virtual_time
from tests.pod_image.agent.harness import AgentHarness, training

TAG = "^POST .*/tag/"


def tags(harness: AgentHarness) -> dict[str, str]:
    return harness.core.store.repos["model", RESULTS_REPO].tags


def recorded_at(harness: AgentHarness, tag: str) -> RunRecord:
    repo = harness.core.store.repos["model", RESULTS_REPO]
    blob = repo.commits[repo.tags[tag]].tree["run-01/run.json"]
    record = RunRecord.from_json(harness.core.store.object_path(blob.sha256).read_bytes())
    assert record is not None
    return record


@in_virtual_time
async def test_a_delivered_run_has_a_tag_and_one_that_goes_on_from_it_the_next(
    tmp_path: Path,
) -> None:
    harness = AgentHarness(tmp_path, training(steps=100))
    harness.rent(harness.document(max_hours=0.2))
    await harness.until_gone()
    assert list(tags(harness)) == ["run-01"]
    first = recorded_at(harness, "run-01")
    assert (first.state, first.nonce, first.not_delivered) == ("ended", "nonce1", ())
    kept = tags(harness)["run-01"]
    harness.lines.clear()
    harness.said.clear()
    harness.rent(harness.document(attempt=2, nonce="nonce2", resume=True))
    await harness.until_gone()
    assert list(tags(harness)) == ["run-01", "run-01.2"]
    assert tags(harness)["run-01"] == kept
    assert recorded_at(harness, "run-01.2").nonce == "nonce2"


@in_virtual_time
async def test_a_tag_costs_three_requests(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=30))
    harness.rent()
    await harness.until_gone()
    asked = [entry.path for entry in harness.core.log]
    assert sum(path.endswith("/refs") for path in asked) == 2
    assert sum("/tag/" in path for path in asked) == 1


@in_virtual_time
async def test_a_name_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, training(steps=30))
    harness.rent()
    await harness.until("step", step=5)
    repo = harness.core.store.repos["model", RESULTS_REPO]
    before = repo.tags["run-01"] = repo.branches["main"]
    await harness.until_gone()
    assert tags(harness)["run-01"] == before
    assert recorded_at(harness, "run-01.2").state == "ended"


FAULTS = {
    "no right": Rule(TAG, times=1000, refusal=refused(403, "You may not.")),
    "a Hub that is down": Rule(TAG, times=1000, refusal=refused(503, "Down.")),
    "an hour to wait": Rule(
        TAG, times=1000, refusal=refused(429, "Wait.", **{"Retry-After": "3600"})
    ),
    "no list of tags": Rule("/refs$", times=1000, refusal=refused(500, "Broken.")),
    "a lost answer to the list": Rule("/refs$", times=1000, drop=True),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_tag_that_cannot_be_made_harms_neither_delivery_nor_release(
    tmp_path: Path, name: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = AgentHarness(tmp_path, training(steps=30))
        harness.core.faults.add(FAULTS[name])
        harness.rent()
        ended_after = await harness.until_gone()
        assert ended_after < 600
        assert harness.ended["reason"] == EndReason.FINISHED
        assert harness.ended["not_delivered"] == []
        assert harness.record().state == "ended"
        assert tags(harness) == {}
        assert "This version has no tag in the results repo" in "\n".join(harness.lines)

    check()


@in_virtual_time
async def test_a_fault_of_our_own_at_the_tag_ends_as_well_as_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: HuggingFace, commit: str, names: Iterable[str]) -> str:
        raise KeyError(commit)

    monkeypatch.setattr(HuggingFace, "leave_tag", broken)
    harness = AgentHarness(tmp_path, training(steps=30))
    harness.rent()
    await harness.until_gone()
    assert harness.ended["reason"] == EndReason.FINISHED
    assert harness.record().state == "ended"


async def dies(stage: Any) -> int:
    return 3


@in_virtual_time
async def test_a_run_that_failed_leaves_no_version(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, dies)
    harness.rent()
    await harness.until_gone()
    assert harness.record().state == "ended"
    assert tags(harness) == {}


def test_names_of_versions_are_told_from_other_tags() -> None:
    assert list(version_names("run-01", 1))[:3] == ["run-01", "run-01.2", "run-01.3"]
    assert next(version_names("run-01", 4)) == "run-01.4"
    for attempt in (1, 2, 30):
        assert all(is_version_of("run-01", name) for name in version_names("run-01", attempt))
    for other in ("run-010", "run-01.x", "run-01.", "run-02", "v1", "run-01.2.3"):
        assert not is_version_of("run-01", other)
