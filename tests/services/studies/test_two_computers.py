"""A study is cut off at any point and goes on, here or elsewhere; two computers share one budget."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher.domain.plan import Plan
from launcher.domain.run import Run
from launcher.domain.studies.study import Study, TrialState
from launcher.services.common.intents import intents_of
from launcher.services.common.workbench import Workbench
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress, Report, Stage
from launcher.services.studies import running, standing, trial_work
from launcher.services.studies.adding import add_to_study
from launcher.services.studies.keeping import change_study
from launcher.services.studies.running import StudyEnd
from launcher.services.studies.tracing import LEASE, LEASE_MARGIN
from launcher.services.studies.trial_plan import planned_trial
from launcher.stores.secrets import Keys
from pod_image.hub import Repo, publish
from tests.kit.clouds import RESULTS_REPO
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import Killed, Lethal
from tests.services.studies.world import ADDRESS, Computer, StudyWorld, slowed, until


async def killed(computer: Computer, stage: Stage) -> None:
    """The computer's power goes when a launch says that, and nothing after it runs there."""

    async def nothing(*_: object, **__: object) -> str:
        return ""

    async def dying(
        bench: Workbench, plan: Plan, keys: Keys, report: Report, **options: Any
    ) -> Run:
        deadly = Lethal(stage)

        def told(progress: Progress) -> None:
            deadly(progress)
            report(progress)

        return await launch(bench, plan, keys, told, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("launcher.services.launching.rental.Rental.give_back", nothing)
        patch.setattr(trial_work, "launch", dying)
        with pytest.raises(Killed):
            await computer.run()


@pytest.mark.promise("money-study")
@pytest.mark.parametrize(
    "stage", [Stage.SETTLING, Stage.PREPARING, Stage.RENTING, Stage.RENTED, Stage.SEEN, Stage.ARMED]
)
@in_virtual_time
async def test_a_computer_that_dies_in_a_launch_goes_on_later_with_one_pod_a_run(
    tmp_path: Path, stage: Stage
) -> None:
    world = StudyWorld(tmp_path, steps=2)
    await world.first.create(most_trials=1)
    await killed(world.first, stage)
    (trial,) = (await world.second.study()).trials
    assert trial.state is TrialState.LIVE  # its money is set aside before anything is ordered
    assert trial.reserved_usd > 0
    end = await world.first.run()
    (trial,) = end.study.trials
    assert trial.state is TrialState.COMPLETE
    assert world.harness.posts() == 1
    assert world.harness.live() == []
    assert intents_of(world.first.bench).open() == []


@pytest.mark.promise("money-study")
@pytest.mark.parametrize("stage", [Stage.RENTED, Stage.ARMED])
@in_virtual_time
async def test_another_computer_continues_what_the_first_has_rented(
    tmp_path: Path, stage: Stage
) -> None:
    world = StudyWorld(tmp_path, steps=3)
    await world.first.create(most_trials=2)
    await killed(world.first, stage)
    end = await world.second.run()
    assert [trial.state for trial in end.study.trials] == [TrialState.COMPLETE] * 2
    assert world.harness.posts() == 2
    assert any("is followed again" in told for told in world.second.told)


@pytest.mark.promise("money-study")
@in_virtual_time
async def test_a_launch_elsewhere_that_left_no_trace_is_given_up_once_it_can_order_no_more(
    tmp_path: Path,
) -> None:
    world = StudyWorld(tmp_path, steps=1)
    await world.first.create(most_trials=2)
    await killed(world.first, Stage.PREPARING)
    began = world.harness.loop.time()
    end = await world.second.run()
    assert [trial.state for trial in end.study.trials] == [TrialState.FAILED, TrialState.COMPLETE]
    assert "interrupted on another computer" in end.study.trials[0].reason
    assert end.study.trials[0].spent_usd > 0  # pods that nobody saw may have been paid
    waited = world.harness.loop.time() - began
    assert waited > (LEASE + LEASE_MARGIN).total_seconds()


@in_virtual_time
async def test_a_launch_that_waits_for_too_long_orders_nothing_any_more(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=1)
    await world.first.create(most_trials=1)
    await killed(world.first, Stage.PREPARING)
    await asyncio.sleep(LEASE.total_seconds() + 1)
    end = await world.first.run()
    (trial,) = end.study.trials
    assert any("took too long" in told for told in world.first.told)
    assert (trial.state, trial.run_id) == (TrialState.COMPLETE, "tune-001-2")
    assert world.harness.posts() == 1


@in_virtual_time
async def test_a_trial_that_another_computer_begins_while_it_is_planned_here_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = StudyWorld(tmp_path, steps=2)
    await world.first.create(most_trials=2)
    ends: list[StudyEnd] = []

    async def overtaken(bench: Workbench, *rest: Any) -> Plan:
        if bench is world.second.bench and not ends:
            ends.append(await world.first.run())
        return await planned_trial(bench, *rest)

    monkeypatch.setattr(running, "planned_trial", overtaken)
    end = await world.second.run()
    assert end.study == ends[0].study
    assert [trial.state for trial in end.study.trials] == [TrialState.COMPLETE] * 2
    assert world.harness.posts() == 2


@pytest.mark.promise("money-study")
@in_virtual_time
async def test_two_computers_share_one_budget_and_no_trial_is_begun_twice(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=2)
    world.pods.change = lambda script: setattr(script, "cost_usd", 0.7)
    await world.first.create(budget_usd=5.0, at_most=4)
    world.first.bench = slowed(world.first.bench, 0.3)  # so that the second one sees ends first
    begun = asyncio.create_task(world.first.run())
    await until(lambda: world.first.told)
    ends = await asyncio.gather(begun, world.second.run())
    study = await world.first.study()
    assert ends[0].study == ends[1].study == study
    run_ids = [trial.run_id for trial in study.trials]
    assert len(set(run_ids)) == len(run_ids) == world.harness.posts()
    for news in (*world.first.news, *world.second.news):
        assert news.study.spent_usd + news.study.reserved_usd <= 5.0
    by = {trial.claim.by for trial in study.trials if trial.claim is not None}
    assert len(by) == 2  # both had a share
    assert study.spent_usd == pytest.approx(0.7 * len(run_ids))


@pytest.mark.promise("money-study")
@in_virtual_time
async def test_of_two_that_take_the_last_of_the_money_at_once_one_gets_it(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=1, hub_seconds=0.3)
    made = await world.first.create(budget_usd=1.3, at_most=4)
    assert made.worst_case_usd < 1.3 < 2 * made.worst_case_usd
    both = [asyncio.create_task(computer.run()) for computer in (world.first, world.second)]
    await until(lambda: world.harness.posts())
    await asyncio.sleep(30)
    assert world.harness.posts() == 1
    for task in both:
        await task
    for news in (*world.first.news, *world.second.news):
        assert news.study.spent_usd + news.study.reserved_usd <= 1.3


@in_virtual_time
async def test_a_change_is_made_anew_where_somebody_committed_in_between(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path)
    await world.first.create()
    seen: list[Study] = []

    def changed(study: Study) -> Study:
        seen.append(study)
        if len(seen) == 1:  # a pod delivers while the change is thought out
            publish(world.harness.hub, Repo(RESULTS_REPO, "model"), {"run-01/a": b"1"}, "results")
        return replace(study, stopped="It was stopped by hand.")

    await change_study(world.first.bench, ADDRESS, changed, "stopped")
    assert len(seen) == 2
    assert (await world.second.study()).stopped == "It was stopped by hand."


@pytest.mark.parametrize("fault", ["commit-stale", "commit-reply-lost", "commit-late", "dropped"])
@in_virtual_time
async def test_a_claim_counts_once_whatever_became_of_its_answer(
    tmp_path: Path, fault: str
) -> None:
    world = StudyWorld(tmp_path, steps=1)
    await world.first.create(most_trials=1)
    world.harness.core.faults.switch_on(fault)
    end = await world.first.run()
    assert [trial.state for trial in end.study.trials] == [TrialState.COMPLETE]
    assert world.harness.posts() == 1


@pytest.mark.parametrize("goes_on_at", ["first", "second"])
@in_virtual_time
async def test_an_end_that_was_not_written_down_is_written_by_who_comes_next(
    tmp_path: Path, goes_on_at: str
) -> None:
    world = StudyWorld(tmp_path, steps=2)
    await world.first.create(most_trials=1)

    async def dying(bench: Any, address: Any, change: Any, message: str) -> Study:
        if "is complete" in message:
            raise Killed
        return await change_study(bench, address, change, message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standing, "change_study", dying)
        with pytest.raises(Killed):
            await world.first.run()
    end = await getattr(world, goes_on_at).run()
    (trial,) = end.study.trials
    assert (trial.state, trial.points[-1][0]) == (TrialState.COMPLETE, 200)
    assert trial.value is not None
    assert trial.spent_usd == pytest.approx(0.25)
    assert world.harness.posts() == 1


@in_virtual_time
async def test_leaving_goes_on_paying_for_nothing_that_is_not_armed(tmp_path: Path) -> None:
    world = StudyWorld(tmp_path, steps=3)
    world.pods.change = lambda script: setattr(script, "armed_after", 200.0)
    await world.first.create(most_trials=1)
    task = asyncio.create_task(world.first.run())
    await until(lambda: world.harness.live())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert world.harness.live() == []
    world.pods.change = lambda script: None
    end = await world.first.run()
    assert [trial.run_id for trial in end.study.trials] == ["tune-001-2"]
    assert end.study.trials[0].state is TrialState.COMPLETE


@pytest.mark.promise("money-study")
@in_virtual_time
async def test_two_equal_changes_at_once_are_two_changes(tmp_path: Path) -> None:
    """What both write is the same to the letter: the second one must not take the first one's for its own."""
    world = StudyWorld(tmp_path, hub_seconds=0.3)
    await world.first.create(budget_usd=5.0)
    computers = world.first, world.second
    await asyncio.gather(*(add_to_study(one.bench, ADDRESS, more_usd=1.0) for one in computers))
    assert (await world.first.study()).asked.budget_usd == 7.0
