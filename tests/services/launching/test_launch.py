"""Launching: one pod, armed, or none at all."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.run import Run, RunState
from launcher.emulator.runpod import ScriptedContainer
from launcher.errors import (
    Interrupted,
    InvalidRequest,
    NoRight,
    NotConfigured,
    NothingAvailable,
    ProviderUnavailable,
    RentUnclear,
    RunFailed,
)
from launcher.services.common.intents import Intents, intents_of, run_lock
from launcher.services.launching.launch import launch
from launcher.services.launching.orders import new_attempt, run_document
from launcher.services.launching.progress import Progress, Stage
from launcher.stores.secrets import Keys
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import GPU, RESULTS_REPO, TOKENS
from tests.kit.plans import offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.providers.meadow import MEADOW
from tests.services.harness import LauncherHarness

A5000 = offer("NVIDIA RTX A5000", "RTX A5000", 0.27)


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


@pytest.mark.promise("money-armed")
@in_virtual_time
async def test_a_pod_that_cannot_end_itself_is_released_and_its_cost_is_said(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.can_release = False
    with pytest.raises(RunFailed, match=r"cannot end itself: own pod \(403\)") as caught:
        await launch(harness.bench, plan(), harness.keys)
    assert "was released after" in in_terminal(caught.value.message)
    assert "it cost under $0.01" in in_terminal(caught.value.message)
    assert harness.live() == []
    assert harness.secret_names() == []
    run = harness.bench.runs.get("run-01")
    assert run.end_reason is EndReason.BOOT_FAILED
    assert run.cost_usd is not None
    assert run.cost_usd > 0


@pytest.mark.promise("money-armed")
@in_virtual_time
async def test_a_pod_that_stays_silent_is_released_at_the_end_of_the_boot_budget(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    with pytest.raises(RunFailed, match="did not arm itself within 10 min"):
        await launch(harness.bench, plan(), harness.keys)
    assert harness.live() == []
    assert 600 < harness.loop.time() < 640


@in_virtual_time
async def test_a_run_that_ends_before_it_is_armed_fails_with_the_pods_own_words(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)

    def refuses(container: ScriptedContainer) -> Generator[float, None, None]:
        document = RunDocument.from_json(container.spec.env[RUN_VARIABLE])
        harness.script.say(
            container,
            document,
            "ended",
            reason="boot_failed",
            detail="This image understands contract 0.",
            hint="Rebuild the image.",
        )
        yield 1e9

    harness.runner.program = refuses
    with pytest.raises(RunFailed, match="understands contract 0") as caught:
        await launch(harness.bench, plan(), harness.keys)
    assert in_terminal(caught.value.hint) == "Rebuild the image."
    assert harness.live() == []


@in_virtual_time
async def test_a_pod_that_gets_no_machine_makes_way_for_the_next_candidate(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("stuck-provisioning", times=1)
    run = await launch(harness.bench, plan("run-01", offer(), A5000), harness.keys)
    assert (run.attempt, run.gpu_name) == (2, "RTX A5000")
    assert harness.live() == [run.pod_id]
    first = harness.bench.runs.attempts(RESULTS_REPO, "run-01")[1]
    assert (first.state, first.end_reason) == (RunState.ENDED, EndReason.BOOT_FAILED)
    assert "no machine within 5 min" in first.detail
    assert sorted(harness.secret_names()) == sorted(run.secret_names)


@in_virtual_time
async def test_a_pod_in_error_is_released_and_the_last_candidate_ends_the_launch(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("pod-error")
    with pytest.raises(RunFailed, match="went to error"):
        await launch(harness.bench, plan("run-01", offer(), A5000), harness.keys)
    assert len(harness.world.pods) == 2
    assert harness.live() == []


@in_virtual_time
async def test_a_pod_that_vanishes_while_it_boots_is_replaced(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = 60.0
    task = asyncio.create_task(launch(harness.bench, plan("run-01", offer(), A5000), harness.keys))
    await asyncio.sleep(30)
    harness.world.kill_host(harness.world.live_pods()[0])
    run = await task
    assert run.attempt == 2
    assert harness.live() == [run.pod_id]


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


@pytest.mark.promise("money-once")
@pytest.mark.parametrize(
    "fault", ["create-500-but-rents", "create-timeout-but-rents", "create-dropped-but-rents"]
)
def test_a_create_without_a_clear_answer_is_found_by_name_and_never_repeated(
    tmp_path: Path, fault: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        harness = LauncherHarness(tmp_path)
        harness.world.faults.switch_on(fault, times=1)
        harness.world.faults.switch_on("list-lag", seconds=20)
        told: list[Progress] = []
        run = await launch(harness.bench, plan(), harness.keys, told.append)
        assert Stage.UNCLEAR in [each.stage for each in told]
        assert harness.posts() == 1
        assert harness.live() == [run.pod_id]
        assert run.state is RunState.RUNNING
        assert intents_of(harness.bench).open() == []

    check()


@in_virtual_time
async def test_a_create_that_stays_unclear_is_left_to_the_reaper_not_ordered_again(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("create-503-rents-nothing", times=1)
    with pytest.raises(RentUnclear, match="No pod appeared within 60 s") as caught:
        await launch(harness.bench, plan("run-01", offer(), A5000), harness.keys)
    assert "reap" in in_terminal(caught.value.hint)
    assert harness.posts() == 1
    assert [intent.given_up for intent in intents_of(harness.bench).open()] == [True]


@in_virtual_time
async def test_ctrl_c_before_armed_releases_the_pod_and_says_what_it_cost(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys))
    await asyncio.sleep(120)
    assert len(harness.live()) == 1
    task.cancel()
    with pytest.raises(Interrupted, match="was released after 2 min 2 s; it cost about"):
        await task
    assert harness.live() == []
    assert harness.secret_names() == []


@pytest.mark.promise("money-launch")
@in_virtual_time
async def test_ctrl_c_while_the_order_is_out_still_ends_the_pod_it_made(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("slow-replies", seconds=10, path="/v2/pods", method="POST")
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys))
    await asyncio.sleep(5)
    assert len(harness.live()) == 1
    task.cancel()
    with pytest.raises(Interrupted):
        await task
    assert harness.live() == []
    assert intents_of(harness.bench).open() == []


@pytest.mark.promise("money-launch")
@in_virtual_time
async def test_a_second_ctrl_c_does_not_keep_the_pod_from_being_released(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    harness.world.faults.switch_on("delete-500", times=8)
    task = asyncio.create_task(launch(harness.bench, plan(), harness.keys))
    await asyncio.sleep(60)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(1)
    with pytest.raises(Interrupted):
        await task
    assert harness.live() == []


@in_virtual_time
async def test_a_delete_that_is_ignored_is_repeated_until_the_pod_is_gone(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.can_release = False
    harness.world.faults.switch_on("delete-ignored", times=2)
    with pytest.raises(RunFailed):
        await launch(harness.bench, plan(), harness.keys)
    assert harness.live() == []


@in_virtual_time
async def test_a_pod_that_cannot_be_released_is_named_with_its_price(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.can_release = False
    harness.script.ends_after = None
    harness.world.faults.switch_on("delete-500")
    with pytest.raises(RunFailed, match=r"could NOT be released .* costs \$0\.69 an hour"):
        await launch(harness.bench, plan(), harness.keys)
    run = harness.bench.runs.get("run-01")
    assert run.state is RunState.ENDING
    assert harness.live() == [run.pod_id]


@pytest.mark.promise("money-launch")
@in_virtual_time
async def test_a_bug_while_waiting_releases_the_pod_too(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)

    def breaks(progress: Progress) -> None:
        if progress.stage is Stage.SEEN:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await launch(harness.bench, plan(), harness.keys, breaks)
    assert harness.live() == []


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


class Killed(BaseException):
    """Stands for kill -9: nothing after it runs."""


async def cut_off(harness: LauncherHarness, at: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A launch whose process dies at that stage: no cleaning up happens."""

    async def nothing(*_: object, **__: object) -> str:
        return ""

    def report(progress: Progress) -> None:
        if progress.stage is at:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("launcher.services.launching.rental.Rental.give_back", nothing)
        with pytest.raises(Killed):
            await launch(harness.bench, plan(), harness.keys, report)


@in_virtual_time
async def test_a_launch_that_was_killed_after_the_answer_is_adopted_by_the_next(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        await cut_off(harness, Stage.RENTED, patch)
    run = await launch(harness.open_bench(), plan(), harness.keys)
    assert harness.posts() == 1
    assert harness.live() == [run.pod_id]
    assert run.state is RunState.RUNNING


@in_virtual_time
async def test_a_launch_that_was_killed_before_the_answer_is_adopted_by_the_next(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("create-dropped-but-rents", times=1)
    with pytest.MonkeyPatch.context() as patch:
        await cut_off(harness, Stage.UNCLEAR, patch)
    assert len(intents_of(harness.bench).open()) == 1
    run = await launch(harness.open_bench(), plan(), harness.keys)
    assert harness.posts() == 1
    assert harness.live() == [run.pod_id]
    assert intents_of(harness.bench).open() == []


@in_virtual_time
async def test_another_settings_launch_does_not_adopt_but_says_what_is_there(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        await cut_off(harness, Stage.RENTED, patch)
    with pytest.raises(InvalidRequest, match="already has a pod"):
        await launch(harness.bench, plan(settings={"max_hours": 2.0}), harness.keys)
    assert len(harness.live()) == 1


@in_virtual_time
async def test_an_order_that_never_became_a_pod_is_closed_and_the_run_starts_anew(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("create-dropped-rents-nothing", times=1)
    with pytest.MonkeyPatch.context() as patch:
        await cut_off(harness, Stage.UNCLEAR, patch)
    run = await launch(harness.bench, plan(), harness.keys)
    assert run.attempt == 2
    assert harness.live() == [run.pod_id]
    assert sorted(harness.secret_names()) == sorted(run.secret_names)


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
async def test_an_intent_is_private_and_survives_a_torn_neighbour(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("create-503-rents-nothing", times=1)
    with pytest.raises(RentUnclear):
        await launch(harness.bench, plan(), harness.keys)
    folder = harness.config.intents_folder
    path = next(folder.glob("*.json"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (folder / "torn.json").write_text('{"nonce":')
    assert len(Intents(folder).open()) == 1
    text = path.read_text()
    assert not any(token in text for token in (*TOKENS.values(), harness.world.api_key))


@in_virtual_time
async def test_the_lock_of_a_run_is_free_again_after_a_failure(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("no-capacity", times=None)
    with pytest.raises(NothingAvailable):
        await launch(harness.bench, plan(), harness.keys)
    with run_lock(harness.bench, RESULTS_REPO, "run-01"):
        pass
