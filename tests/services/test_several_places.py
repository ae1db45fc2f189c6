"""Runs at a place that is not the usual one: the promises are kept there too, and neither place hides the other."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from launcher.domain.pod import PodName
from launcher.domain.run import Run, RunState
from launcher.emulator.hub.faults import Rule
from launcher.emulator.hub.wire import Refusal
from launcher.errors import NotConfigured
from launcher.services.common.intents import Intent, intents_of
from launcher.services.ending.reap import reap
from launcher.services.ending.release import release
from launcher.services.following.find_run import find_run
from launcher.services.following.instructions import Way, new_instruction, send
from launcher.services.following.look_around import look_around
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import KeyName
from pod_image.contract.instructions import InstructionName
from pod_image.contract.outcomes import EndReason
from pod_image.contract.places import Provider
from tests.kit.clouds import JOBS_TOKEN, RESULTS_REPO, WRITE_TOKEN
from tests.kit.plans import offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

AT_JOBS = {"provider": Provider.HF_JOBS}
L4 = offer("l4x1", "L4 (l4x1)", 0.8)


def harness_of(folder: Path) -> LauncherHarness:
    return LauncherHarness(folder, with_jobs=True)


async def job_running(harness: LauncherHarness, run_id: str = "run-01") -> Run:
    harness.script.ends_after = None
    return await launch(harness.bench, plan(run_id, L4, settings=AT_JOBS), harness.keys)


def jobs_left(harness: LauncherHarness) -> int:
    return len(harness.core.jobs.live())


@in_virtual_time
async def test_a_job_lives_its_run_and_ends_by_itself(tmp_path: Path) -> None:
    harness = harness_of(tmp_path)
    run = await launch(harness.bench, plan("run-01", L4, settings=AT_JOBS), harness.keys)
    assert (run.place, run.state) == ("hf-jobs", RunState.RUNNING)
    seen = [each async for each in watch(harness.bench, run)]
    over = harness.bench.runs.get("run-01")
    assert seen
    assert (over.state, over.end_reason) == (RunState.ENDED, EndReason.FINISHED)
    assert (jobs_left(harness), harness.live()) == (0, [])
    (job,) = harness.core.jobs.by_id.values()
    assert job.stage == "COMPLETED"
    assert JOBS_TOKEN not in str(job.env)


@in_virtual_time
async def test_a_plan_for_another_place_has_its_offers_and_names_its_key(tmp_path: Path) -> None:
    harness = harness_of(tmp_path)
    asked = {
        "recipe": "command",
        "argv": ["true"],
        "results_repo": RESULTS_REPO,
        "gpu_types": ["l4x1"],
        "provider": "hf-jobs",
    }
    composed = compose(None, asked)
    with pytest.raises(NotConfigured, match="starts jobs"):
        await make_plan(harness.bench, composed, replace(harness.keys, hf_jobs=None))
    made = await make_plan(harness.bench, composed, harness.keys)
    assert made.offer.gpu_type == "l4x1"
    assert "/api/jobs/" in made.requests[0].as_shell()
    assert not any(each.code in ("place_key_in_pod", "secrets_in_plain") for each in made.findings)
    one_for_all = harness.keys.with_given(KeyName.HF_JOBS, SecretStr(WRITE_TOKEN))
    warned = await make_plan(harness.bench, composed, one_for_all)
    assert "place_key_in_pod" in [each.code for each in warned.findings]


@in_virtual_time
async def test_an_abort_ends_the_job_and_not_a_pod_elsewhere(tmp_path: Path) -> None:
    harness = harness_of(tmp_path)
    run = await job_running(harness)
    await launch(harness.bench, plan("run-02"), harness.keys)
    await release(harness.bench, run)
    assert jobs_left(harness) == 0
    assert len(harness.live()) == 1


@pytest.mark.promise("money-reap")
@in_virtual_time
async def test_a_sweep_looks_through_every_place_that_there_is_a_key_for(tmp_path: Path) -> None:
    harness = harness_of(tmp_path)
    harness.script.releases = False
    await job_running(harness)
    harness.script.ends_after = None
    await launch(harness.bench, plan("run-02"), harness.keys)
    harness.loop.jump(timedelta(hours=1, minutes=2).total_seconds())
    for job in harness.core.jobs.by_id.values():
        job.timeout_seconds = 10**6  # a Hub that forgets it
    stray = harness.open_bench()
    report = await reap(stray)
    assert sorted(each.why for each in report.released) == ["its deadline has passed"] * 2
    assert (jobs_left(harness), harness.live(), report.unseen) == (0, [], ())


@in_virtual_time
async def test_a_place_that_does_not_answer_keeps_no_pod_alive_at_another(tmp_path: Path) -> None:
    harness = harness_of(tmp_path)
    harness.script.ends_after = None
    harness.script.releases = False
    await launch(harness.bench, plan("run-01"), harness.keys)
    harness.loop.jump(timedelta(hours=1, minutes=2).total_seconds())
    refusal = Refusal(403, "Forbidden")
    harness.core.faults.add(Rule(r"^GET /api/jobs/", math.inf, refusal=refusal))
    report = await reap(harness.open_bench())
    assert [each.why for each in report.released] == ["its deadline has passed"]
    assert harness.live() == []
    assert report.unseen[0].startswith("Hugging Face Jobs could not be checked")


@in_virtual_time
async def test_an_order_of_unclear_outcome_is_looked_for_where_it_was_sent(tmp_path: Path) -> None:
    harness = harness_of(tmp_path)
    run = await job_running(harness)
    lost = PodName.parse(run.pod_name)
    assert lost is not None
    harness.bench.runs.update(run, pod_id="", state=RunState.LAUNCHING, armed_at=None)
    intents_of(harness.bench).write(
        Intent(
            run.nonce, run.pod_name, run.run_id, RESULTS_REPO, str(run.planned_at),
            given_up=True, place="hf-jobs",
        )
    )  # fmt: skip
    report = await reap(harness.open_bench())
    assert [each.why for each in report.released] == ["its launch had given up"]
    assert jobs_left(harness) == 0


@in_virtual_time
async def test_an_instruction_goes_by_the_results_repo_where_no_command_can_be_run(
    tmp_path: Path,
) -> None:
    harness = harness_of(tmp_path)
    run = await job_running(harness)
    sent = await send(harness.bench, run, new_instruction(InstructionName.STOP))
    assert sent.way is Way.FILE


@in_virtual_time
async def test_another_computer_finds_the_job_by_what_it_was_told(tmp_path: Path) -> None:
    harness = harness_of(tmp_path)
    run = await job_running(harness)
    other = harness.second_home()
    found = await find_run(other, run.pod_id)
    assert (found.place, found.run_id, found.pod_id) == ("hf-jobs", "run-01", run.pod_id)
    around = await look_around(harness.second_home())
    assert [each.place for each in around.found] == ["hf-jobs"]


@in_virtual_time
async def test_without_its_key_a_run_elsewhere_says_which_is_missing(tmp_path: Path) -> None:
    harness = harness_of(tmp_path)
    run = await job_running(harness)
    harness.with_jobs = False
    with pytest.raises(NotConfigured, match="starts jobs"):
        await release(harness.open_bench(), run)
    assert jobs_left(harness) == 1


@in_virtual_time
async def test_a_bench_knows_which_places_it_can_ask(tmp_path: Path) -> None:
    harness = harness_of(tmp_path)
    assert [harness.bench.can_ask(each) for each in ("runpod", "hf-jobs", "nowhere")] == [
        True,
        True,
        False,
    ]
    harness.with_jobs = False
    bench = harness.open_bench()
    assert [bench.can_ask(each) for each in ("runpod", "hf-jobs")] == [True, False]
    assert [bench.at("hf-jobs").can_ask(each) for each in ("runpod", "hf-jobs")] == [True, False]
