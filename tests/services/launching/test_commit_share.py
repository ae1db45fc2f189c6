"""What a pod is told of the commits that the Hub takes of one account."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.services.launching.commit_share import OF_AN_ACCOUNT, share_of
from launcher.services.launching.launch import launch
from launcher.services.planning.requests import agreed_of, planned_requests
from launcher.stores.secrets import KeyName
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness


def told(harness: LauncherHarness, pod_id: str) -> int:
    return RunDocument.from_json(harness.world.pods[pod_id].env[RUN_VARIABLE]).commits_per_hour


@pytest.mark.promise("results-while")
@in_virtual_time
async def test_pods_that_live_at_the_launch_share_the_account_and_one_alone_has_it(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    runs = [await launch(harness.bench, plan(f"run-{n:02}"), harness.keys) for n in range(1, 5)]
    assert [told(harness, run.pod_id) for run in runs] == [50, 50, 40, 30]


@in_virtual_time
async def test_pods_that_are_to_live_together_share_it_from_the_first_on(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    runs = [
        await launch(harness.bench, plan(f"run-{n:02}"), harness.keys, together=4)
        for n in range(1, 5)
    ]
    shares = [told(harness, run.pod_id) for run in runs]
    assert shares == [30, 30, 30, 30]
    assert sum(shares) <= OF_AN_ACCOUNT


@in_virtual_time
async def test_the_plan_shows_the_share_and_its_hash_does_not_go_by_it(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    tokens = [KeyName.HF_DATASET, KeyName.HF_UPLOAD]
    before = agreed_of(harness.bench, plan("run-09"), tokens).hash
    for number in range(1, 4):
        await launch(harness.bench, plan(f"run-{number:02}"), harness.keys)
    shown = planned_requests(harness.bench, plan("run-09"), tokens)
    assert any('"commits_per_hour":30' in str(each) for each in shown)
    assert agreed_of(harness.bench, plan("run-09"), tokens).hash == before


@pytest.mark.parametrize("pods", range(1, 21))
def test_shares_of_equals_stay_within_the_account(pods: int) -> None:
    assert share_of(pods) * pods <= OF_AN_ACCOUNT
