"""Running a study: its trials, its money, its rule of stopping."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher.domain.studies.study import PrunerName, SamplerName, Study, TrialState
from launcher.errors import InvalidRequest, NotConfigured
from launcher.services.common.intents import is_being_launched
from launcher.services.studies.adding import add_to_study
from launcher.services.studies.keeping import change_study
from launcher.services.studies.running import run_study
from launcher.services.studies.stopping import stop_study
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.settings import RunSettings
from tests.kit.clouds import RESULTS_REPO
from tests.kit.virtual_time import in_virtual_time
from tests.services.studies.world import ADDRESS, StudyWorld, TrialScript, minutes_of, until


@in_virtual_time
async def test_each_trial_is_a_run_of_its_own_two_live_at_a_time_and_the_best_is_said(
    tmp_path: Path,
) -> None:
    world = StudyWorld(tmp_path, steps=2)
    lived: list[int] = []
    world.pods.change = lambda script: lived.append(len(world.harness.live()))
    await world.first.create(most_trials=4, at_most=2)
    assert world.harness.posts() == 0
    end = await world.first.run()
    assert max(lived) == 2
    assert end.why == "It has its 4 trials."
    assert [trial.state for trial in end.study.trials] == [TrialState.COMPLETE] * 4
    folders = await world.first.bench.results(RESULTS_REPO).run_ids()
    assert sorted(folders) == ["tune-001", "tune-002", "tune-003", "tune-004"]
    best = end.study.best
    assert best is not None
    assert best.value == min(trial.value for trial in end.study.trials if trial.value)
    assert any(f"{best.run_id} is complete" in told for told in world.first.told)
    assert world.harness.live() == []
    assert await world.second.study() == end.study  # what another computer reads


@in_virtual_time
async def test_trials_on_several_nodes_are_refused_since_nobody_stays_with_them(
    tmp_path: Path,
) -> None:
    world = StudyWorld(tmp_path)
    with pytest.raises(InvalidRequest, match="cannot be left to itself"):
        await world.first.create(search=("nodes=2..3",))


@in_virtual_time
async def test_a_grid_tries_every_combination_once(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=1)
    made = await world.first.create(
        sampler=SamplerName.GRID,
        at_most=3,
        search=("checkpoint_minutes=5|10", "keep_checkpoints=1..2"),
    )
    assert made.grid_points == 4
    end = await world.first.run()
    assert end.why == "Every combination of the grid has been tried."
    tried = {tuple(trial.params.values()) for trial in end.study.trials}
    assert tried == {(5.0, 1), (5.0, 2), (10.0, 1), (10.0, 2)}
    assert end.study.best is not None
    assert end.study.best.params["checkpoint_minutes"] == 10.0


@pytest.mark.promise("money-study")
@in_virtual_time
async def test_the_budget_ends_it_and_is_never_exceeded_by_what_may_come(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=1)
    world.pods.change = lambda script: setattr(script, "cost_usd", 0.6)
    made = await world.first.create(budget_usd=2.5, at_most=4)
    worst = made.worst_case_usd
    end = await world.first.run()
    assert "may cost" in end.why
    assert "left" in end.why
    for news in world.first.news:
        assert news.study.spent_usd + news.study.reserved_usd <= 2.5
    assert len(world.first.news) > 4
    assert end.study.spent_usd == pytest.approx(0.6 * len(end.study.trials))
    assert end.study.left_usd < worst


@in_virtual_time
async def test_a_trial_that_falls_behind_is_stopped_and_what_it_made_is_delivered(
    tmp_path: Path,
) -> None:
    def learns(settings: RunSettings, step: int) -> float:
        return minutes_of(settings)

    world = StudyWorld(tmp_path, steps=8, learns=learns)
    await world.first.create(
        pruner=PrunerName.MEDIAN,
        sampler=SamplerName.RANDOM,
        search=("checkpoint_minutes=1..100",),
    )
    good = [f"checkpoint_minutes={value}" for value in (5, 6, 7, 8, 9)]
    await add_to_study(world.first.bench, ADDRESS, values=[*good, "checkpoint_minutes=90"])
    await add_to_study(world.first.bench, ADDRESS, more_usd=10)
    task = asyncio.create_task(world.first.run())
    await until(
        lambda: (
            "tune-006" in " ".join(world.first.told) and "falls behind" in "".join(world.first.told)
        )
    )
    await stop_study(world.first.bench, ADDRESS)
    end = await task
    trial = end.study.trials[5]
    assert trial.state is TrialState.PRUNED
    assert 0 < len(trial.points) < 8
    files = await world.first.bench.results(RESULTS_REPO).files("tune-006")
    assert any(file.path.endswith("voice.onnx") for file in files)
    assert [each.state for each in end.study.trials[:5]] == [TrialState.COMPLETE] * 5


@in_virtual_time
async def test_runs_that_never_tell_the_objective_cost_one_trial_and_no_more(
    tmp_path: Path,
) -> None:
    world = StudyWorld(tmp_path, steps=2)
    await world.first.create(objective="accuracy", direction="maximize")
    end = await world.first.run()
    assert "tune-001 told no accuracy" in end.why
    assert "It reported loss." in end.why
    assert len(end.study.trials) == 1


@in_virtual_time
async def test_three_failures_in_a_row_end_it(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=1)
    world.pods.change = lambda script: setattr(script, "reason", "trainer_died")
    await world.first.create()
    end = await world.first.run()
    assert end.why == "The last 3 trials failed."
    assert [trial.state for trial in end.study.trials] == [TrialState.FAILED] * 3


@in_virtual_time
async def test_a_pod_that_never_comes_up_is_counted_and_its_trial_begun_again(
    tmp_path: Path,
) -> None:
    world = StudyWorld(tmp_path, steps=1)
    ordered = 0

    def first_one_never_arms(script: TrialScript) -> None:
        nonlocal ordered
        ordered += 1
        if ordered == 1:
            script.armed_after = None

    world.pods.change = first_one_never_arms
    await world.first.create(most_trials=1)
    end = await world.first.run()
    trial = end.study.trials[0]
    assert (trial.state, trial.run_id, trial.launches) == (TrialState.COMPLETE, "tune-001-2", 2)
    (first,) = world.first.bench.runs.attempts(RESULTS_REPO, "tune-001")
    assert trial.spent_usd > 0.25 + first.price_per_hour_usd * 9 / 60  # ten minutes of a pod


@in_virtual_time
async def test_without_stock_it_waits_and_then_goes_on(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=1)
    await world.first.create(most_trials=1)
    stock = world.harness.world.catalogue.stock
    usual = dict(stock)
    stock.clear()
    task = asyncio.create_task(world.first.run())
    await asyncio.sleep(1000)
    assert world.harness.posts() == 0
    assert sum("tried again" in told for told in world.first.told) == 1  # said once
    stock.update(usual)
    assert (await task).study.best is not None


@in_virtual_time
async def test_a_person_stops_it_and_every_run_that_lives_delivers(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=1000)
    await world.first.create(at_most=2)
    task = asyncio.create_task(world.first.run())
    await until(lambda: len(world.harness.live()) == 2 and len(world.pods.scripts) == 2)
    await asyncio.sleep(120)
    stopped = await stop_study(world.second.bench, ADDRESS)
    assert [each.trouble for each in stopped.told] == ["", ""]
    end = await task
    assert end.why == "It was stopped by hand."
    assert [trial.state for trial in end.study.trials] == [TrialState.PRUNED] * 2
    assert world.harness.live() == []
    with pytest.raises(InvalidRequest, match="There is nothing to add"):
        await add_to_study(world.first.bench, ADDRESS)
    await add_to_study(
        world.first.bench, ADDRESS, values=["checkpoint_minutes=9,keep_checkpoints=1"]
    )
    assert (await world.first.study()).stopped == ""


@in_virtual_time
async def test_a_run_that_cannot_be_told_from_elsewhere_is_stopped_by_who_follows_it(
    tmp_path: Path,
) -> None:
    world = StudyWorld(tmp_path, steps=1000)
    await world.first.create(at_most=1)
    task = asyncio.create_task(world.first.run())
    await until(lambda: world.pods.scripts)
    await asyncio.sleep(120)

    # Another computer writes it down, and its power goes before it tells the run.
    await change_study(
        world.second.bench,
        ADDRESS,
        lambda study: replace(study, stopped="It was stopped by hand."),
        "stopped",
    )
    end = await asyncio.wait_for(task, 3600)
    assert [trial.state for trial in end.study.trials] == [TrialState.PRUNED]
    assert world.harness.live() == []


@in_virtual_time
async def test_pods_of_a_study_share_the_commits_of_the_account(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=2)
    await world.first.create(most_trials=4, at_most=4)
    await world.first.run()
    started = world.harness.runner.started
    told = [RunDocument.from_json(each.spec.env[RUN_VARIABLE]) for each in started]
    assert [each.commits_per_hour for each in told] == [30] * 4


@pytest.mark.parametrize("dollars", [float("nan"), float("inf"), -1.0, 1e9])
@in_virtual_time
async def test_a_budget_is_a_sum_that_can_be_kept_and_read_again(
    tmp_path: Path, dollars: float
) -> None:
    world = StudyWorld(tmp_path)
    with pytest.raises(InvalidRequest, match="in dollars"):
        await world.first.create(budget_usd=dollars)
    await world.first.create()
    with pytest.raises(InvalidRequest, match="only add to a study"):
        await add_to_study(world.first.bench, ADDRESS, more_usd=dollars)
    await add_to_study(world.first.bench, ADDRESS, more_usd=9e8)
    with pytest.raises(InvalidRequest, match="cannot have a budget"):
        await add_to_study(world.first.bench, ADDRESS, more_usd=2e8)
    assert (await world.first.study()).asked.budget_usd == 9e8 + 10.0


@pytest.mark.parametrize(
    "wrong", [{"at_most": 0}, {"at_most": 101}, {"most_trials": 2_001}, {"every_steps": 0}]
)
@in_virtual_time
async def test_numbers_of_a_study_have_bounds_whoever_types_them(
    tmp_path: Path, wrong: dict[str, int]
) -> None:
    world = StudyWorld(tmp_path)
    with pytest.raises(InvalidRequest, match="out of bounds"):
        await world.first.create(**wrong)


@in_virtual_time
async def test_what_is_added_keeps_to_the_bounds_of_a_study(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path)
    await world.first.create(most_trials=2)
    await add_to_study(world.first.bench, ADDRESS, more_trials=1_998)
    with pytest.raises(InvalidRequest, match="2,000 trials at most"):
        await add_to_study(world.first.bench, ADDRESS, more_trials=1)
    assert (await world.first.study()).asked.most_trials == 2_000


@in_virtual_time
async def test_one_computer_runs_a_study_once(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path)
    await world.first.create(most_trials=1)
    task = asyncio.create_task(world.first.run())
    await asyncio.sleep(1)
    with pytest.raises(InvalidRequest, match="Another program"):
        await world.first.run()
    await task
    assert not is_being_launched(world.first.bench, RESULTS_REPO, "tune-001")


@in_virtual_time
async def test_without_optuna_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = StudyWorld(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(NotConfigured) as refused:
        await world.first.run()
    assert 'pip install "pod-launcher[study]"' in str(refused.value.hint)


@in_virtual_time
async def test_a_hub_that_does_not_answer_for_a_while_ends_no_study(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=6)
    await world.first.create(most_trials=1)
    task = asyncio.create_task(world.first.run())
    await until(lambda: world.pods.scripts)
    await asyncio.sleep(90)
    world.harness.core.faults.switch_on("down")
    assert (await task).study.best is not None
    assert any("tried again" in told for told in world.first.told)


async def meddle(world: StudyWorld, **changes: Any) -> None:
    """Somebody who may write to the repo changes what was asked."""

    def changed(study: Study) -> Study:
        return replace(study, asked=replace(study.asked, **changes))

    await change_study(world.second.bench, ADDRESS, changed, "meddled")


@in_virtual_time
async def test_what_runs_do_is_what_was_agreed_to_whatever_is_written_meanwhile(
    tmp_path: Path,
) -> None:
    world = StudyWorld(tmp_path, steps=1)
    made = await world.first.create()
    given = {**made.study.asked.given, "bring": ["~/.ssh/id_ed25519"]}
    await meddle(world, given=given)
    with pytest.raises(InvalidRequest, match="changed since you agreed"):
        await run_study(world.first.bench, world.first.keys, ADDRESS, agreed=made.study.asked)
    assert world.harness.posts() == 0


@pytest.mark.promise("money-study")
@in_virtual_time
async def test_no_more_is_spent_than_was_agreed_to_here(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=1)
    world.pods.change = lambda script: setattr(script, "cost_usd", 0.8)
    made = await world.first.create(budget_usd=1.5, most_trials=3)
    await meddle(world, budget_usd=100.0)
    end = await run_study(world.first.bench, world.first.keys, ADDRESS, agreed=made.study.asked)
    assert len(end.study.trials) == 1
    assert end.study.spent_usd <= 1.5


@in_virtual_time
async def test_a_place_that_does_not_answer_is_said_once_and_once_more_when_it_does(
    tmp_path: Path,
) -> None:
    world = StudyWorld(tmp_path, steps=200)
    await world.first.create(most_trials=2, at_most=2)
    running = asyncio.create_task(world.first.run())
    await until(lambda: len(world.harness.live()) == 2)
    await asyncio.sleep(300)
    world.harness.world.faults.switch_on("server-errors")
    await asyncio.sleep(1800)
    world.harness.world.faults.switch_off("server-errors")
    await asyncio.sleep(1200)
    silent = [text for text in world.first.told if "RunPod has not answered since" in text]
    again = [text for text in world.first.told if text == "RunPod answers again."]
    assert (len(silent), len(again)) == (1, 1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
