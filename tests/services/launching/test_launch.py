"""Launching: one pod, armed, or none at all."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.run import Run, RunState
from launcher.errors import (
    InvalidRequest,
    NoRight,
    NotConfigured,
    NothingAvailable,
    ProviderUnavailable,
)
from launcher.services.common.intents import intents_of, run_lock
from launcher.services.launching.launch import launch
from launcher.services.launching.orders import new_attempt, run_document
from launcher.services.launching.progress import Progress, Stage
from launcher.stores.secrets import Keys
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import GPU, RESULTS_REPO, TOKENS
from tests.kit.plans import A5000, offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.providers.meadow import MEADOW
from tests.services.harness import LauncherHarness


@in_virtual_time
async def test_a_launch_returns_when_the_pod_is_armed(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    told: list[Progress] = []
    run = await launch(harness.bench, plan(), harness.keys, told.append)
    assert run.state is RunState.RUNNING
    assert run.armed_at is not None
    assert harness.live() == [run.pod_id]
    assert harness.posts() == 1
    assert told[-1].stage is Stage.ARMED
    assert run.provider_calls > 0
    assert harness.bench.runs.get("run-01") == run


@pytest.mark.promise("secrets-definition")
@in_virtual_time
async def test_the_pod_gets_the_whole_document_and_no_token_in_its_definition(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    before = harness.bench.clock.now()
    run = await launch(harness.bench, plan(), harness.keys)
    pod = harness.world.pods[run.pod_id]
    document = RunDocument.from_json(pod.env[RUN_VARIABLE])
    assert (document.run_id, document.attempt.number, document.attempt.nonce) == (
        "run-01",
        1,
        run.nonce,
    )
    assert document.price_per_hour_usd == 0.69
    assert timedelta(0) <= document.deadline - before - timedelta(hours=1) < timedelta(seconds=5)
    assert pod.env["LAUNCHER_NONCE"] == run.nonce
    assert pod.args == ""
    stored = json.dumps(pod.env)
    assert not any(token in stored for token in (*TOKENS.values(), harness.world.api_key))
    started = harness.runner.started[0].spec.env
    assert started["HF_UPLOAD_TOKEN"] == TOKENS["write"]
    assert started["HF_DATASET_TOKEN"] == TOKENS["read"]
    assert started["HF_ENDPOINT"] == harness.config.hub_url
    assert started["RUNPOD_API_BASE_URL"] == harness.config.place_urls["runpod"]


@in_virtual_time
async def test_a_pod_is_told_the_place_that_its_run_goes_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, made = LauncherHarness(tmp_path), plan()
    run = new_attempt(harness.bench, made)
    assert json.loads(run_document(made, run, offer()))["place"] == harness.bench.place.name
    monkeypatch.setattr("launcher.services.launching.orders.place_of", lambda settings: MEADOW)
    assert json.loads(run_document(made, run, offer()))["place"] == "meadow"


@in_virtual_time
async def test_a_disk_too_small_for_the_cloud_is_ordered_as_large_as_it_rents_them(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(settings={"disk_gb": 5}), harness.keys)
    pod = harness.world.pods[run.pod_id]
    assert pod.disk_gb == 20
    assert RunDocument.from_json(pod.env[RUN_VARIABLE]).settings.disk_gb == 20


@in_virtual_time
async def test_secrets_are_named_after_the_attempt_and_stay_while_the_pod_lives(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    names = [f"launcher_{run.nonce}_dataset", f"launcher_{run.nonce}_upload"]
    assert sorted(harness.secret_names()) == names
    assert sorted(run.secret_names) == names


@in_virtual_time
async def test_tokens_go_in_plain_only_when_the_plan_says_so(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.extras.switch_off("secrets")
    run = await launch(harness.bench, plan(secrets_in_plain=True), harness.keys)
    assert harness.world.pods[run.pod_id].env["HF_UPLOAD_TOKEN"] == TOKENS["write"]
    assert run.secret_names == ()


@in_virtual_time
async def test_without_the_right_to_make_secrets_nothing_is_rented(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("secrets-refused")
    with pytest.raises(NoRight, match="make a secret") as caught:
        await launch(harness.bench, plan(), harness.keys)
    assert "Nothing was rented" in in_terminal(caught.value.message)
    assert harness.posts() == 0
    assert harness.bench.runs.get("run-01").state is RunState.ENDED


@in_virtual_time
async def test_a_candidate_without_capacity_is_followed_by_the_next(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("no-capacity", gpu=GPU)
    told: list[Progress] = []
    run = await launch(harness.bench, plan("run-01", offer(), A5000), harness.keys, told.append)
    assert (run.gpu_name, run.price_per_hour_usd, run.attempt) == ("RTX A5000", 0.27, 1)
    assert [each.offer.gpu_name for each in told if each.stage is Stage.REFUSED and each.offer] == [
        "RTX 4090"
    ]


@in_virtual_time
async def test_when_all_candidates_are_refused_it_says_which_and_why(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("no-capacity")
    with pytest.raises(NothingAvailable) as caught:
        await launch(harness.bench, plan("run-01", offer(), A5000), harness.keys)
    assert "RTX 4090" in in_terminal(caught.value.message)
    assert "RTX A5000" in in_terminal(caught.value.message)
    assert "no longer any instances" in in_terminal(caught.value.message)
    assert harness.live() == []
    assert harness.secret_names() == []
    assert intents_of(harness.bench).open() == []
    run = harness.bench.runs.get("run-01")
    assert (run.state, run.end_reason, run.cost_usd) == (RunState.ENDED, EndReason.BOOT_FAILED, 0.0)


@in_virtual_time
async def test_a_key_that_may_only_read_is_told_apart_from_no_capacity(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    bench = harness.open_bench(
        harness.world.add_key(kind="restricted", without={"pods:write"}).value
    )
    with pytest.raises(NoRight, match="may not rent the pod"):
        await launch(bench, plan("run-01", offer(), A5000, offer()), harness.keys)
    assert harness.posts() == 2  # the second refusal of that kind shows that none will do
    assert harness.secret_names() == []


@pytest.mark.promise("money-once")
@in_virtual_time
async def test_no_second_pod_takes_over_from_a_computer_that_has_begun_the_run_meanwhile(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = 60.0
    task = asyncio.create_task(launch(harness.bench, plan("run-01", offer(), A5000), harness.keys))
    await asyncio.sleep(30)
    (pod,) = harness.world.live_pods()
    document = RunDocument.from_json(pod.env[RUN_VARIABLE])
    theirs = document.attempt.model_copy(update={"nonce": "elsewhere1"})
    harness.script.deliver(document.model_copy(update={"attempt": theirs}))
    harness.world.kill_host(pod)
    with pytest.raises(InvalidRequest, match="Another computer started"):
        await task
    assert harness.live() == []
    assert harness.posts() == 1


@in_virtual_time
async def test_the_same_run_cannot_be_launched_twice_at_once(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    other = harness.open_bench()
    results = await asyncio.gather(
        launch(harness.bench, plan(), harness.keys),
        launch(other, plan(), harness.keys),
        return_exceptions=True,
    )
    runs = [each for each in results if isinstance(each, Run)]
    refused = [each for each in results if isinstance(each, InvalidRequest)]
    assert len(runs) == len(refused) == 1
    assert "launched by another process" in in_terminal(refused[0].message)
    assert harness.live() == [runs[0].pod_id]


@in_virtual_time
async def test_a_run_that_has_a_pod_is_not_launched_again(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    run = await launch(harness.bench, plan(), harness.keys)
    with pytest.raises(InvalidRequest, match=f"already has a pod: {run.pod_id}"):
        await launch(harness.open_bench(), plan(), harness.keys)
    assert harness.live() == [run.pod_id]


@in_virtual_time
async def test_different_runs_may_be_launched_at_once(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    one, two = await asyncio.gather(
        launch(harness.bench, plan("run-01"), harness.keys),
        launch(harness.bench, plan("run-02"), harness.keys),
    )
    assert sorted(harness.live()) == sorted([one.pod_id, two.pod_id])


@in_virtual_time
async def test_a_plan_with_an_error_rents_nothing(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    bad = plan(
        findings=(
            Finding(Severity.ERROR, "no_such_repo", "There is no such dataset.", "Check it."),
        )
    )
    with pytest.raises(InvalidRequest, match="no such dataset"):
        await launch(harness.bench, bad, harness.keys)
    with pytest.raises(NotConfigured, match="writes the results"):
        await launch(harness.bench, plan(), Keys(runpod=SecretStr("demo-key")))
    assert harness.world.requests == []


@in_virtual_time
async def test_settings_too_long_for_a_pod_are_refused_before_anything_is_made(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    long = plan(settings={"argv": tuple("x" * 500 for _ in range(250))})
    with pytest.raises(InvalidRequest, match="a pod can receive at most 60,000"):
        await launch(harness.bench, long, harness.keys)
    assert harness.posts() == 0
    assert harness.secret_names() == []
    assert harness.bench.runs.runs() == []


@in_virtual_time
async def test_a_cloud_that_cannot_be_reached_leaves_nothing_open(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("rate-limited", seconds=30, path="/v2/pods", method="POST")
    with pytest.raises(ProviderUnavailable, match="rate limit"):
        await launch(harness.bench, plan(), harness.keys)
    assert harness.live() == []
    assert intents_of(harness.bench).open() == []


@in_virtual_time
async def test_the_lock_of_a_run_is_free_again_after_a_failure(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("no-capacity", times=None)
    with pytest.raises(NothingAvailable):
        await launch(harness.bench, plan(), harness.keys)
    with run_lock(harness.bench, RESULTS_REPO, "run-01"):
        pass
