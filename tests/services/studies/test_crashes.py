"""The power goes at any point of a study's loop: it goes on, here or elsewhere, with one pod a run within its money."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from launcher.domain.studies.study import Study, TrialState
from launcher.services.common.intents import intents_of
from launcher.services.launching.rental import Rental
from launcher.services.studies import keeping, standing, trial_work
from launcher.services.studies.standing import Standing
from launcher.services.studies.tracing import LEASE, LEASE_MARGIN
from tests.kit.clouds import RESULTS_REPO
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import Killed
from tests.services.studies.world import Computer, StudyWorld

Dies = Callable[[pytest.MonkeyPatch], None]


def before_the_claim_is_written(patch: pytest.MonkeyPatch) -> None:
    _dies_before_writing(patch, "may begin")


def after_the_claim_is_written_and_before_its_answer(patch: pytest.MonkeyPatch) -> None:
    _dies_after_writing(patch, "may begin")


def before_the_claim_is_told(patch: pytest.MonkeyPatch) -> None:
    _dies_telling(patch, " begins: ")


def before_the_launch(patch: pytest.MonkeyPatch) -> None:
    async def dying(*_: Any, **__: Any) -> Any:
        raise Killed

    patch.setattr(trial_work, "launch", dying)


def before_the_order(patch: pytest.MonkeyPatch) -> None:
    async def dying(rental: Rental, order: Any) -> Any:
        raise Killed

    patch.setattr(Rental, "order", dying)


def between_the_order_and_its_answer(patch: pytest.MonkeyPatch) -> None:
    async def dying(rental: Rental, order: Any) -> Any:
        await rental._bench.provider.rent(order)
        raise Killed

    patch.setattr(Rental, "order", dying)


def when_a_step_was_heard(patch: pytest.MonkeyPatch) -> None:
    def dying(*_: Any) -> Any:
        raise Killed

    patch.setattr("launcher.services.studies.following.judged", dying)


def before_the_end_is_written(patch: pytest.MonkeyPatch) -> None:
    _dies_before_writing(patch, "is complete")


def after_the_end_is_written_and_before_its_answer(patch: pytest.MonkeyPatch) -> None:
    _dies_after_writing(patch, "is complete")


def before_the_end_is_told(patch: pytest.MonkeyPatch) -> None:
    _dies_telling(patch, " is complete.")


NOTHING_CLAIMED: list[Dies] = [before_the_claim_is_written]
NOTHING_ORDERED: list[Dies] = [
    after_the_claim_is_written_and_before_its_answer,
    before_the_claim_is_told,
    before_the_launch,
    before_the_order,
]
POD_IS_THERE: list[Dies] = [
    between_the_order_and_its_answer,
    when_a_step_was_heard,
    before_the_end_is_written,
]
END_IS_WRITTEN: list[Dies] = [
    after_the_end_is_written_and_before_its_answer,
    before_the_end_is_told,
]


def _dies_before_writing(patch: pytest.MonkeyPatch, what: str) -> None:
    change_study = keeping.change_study

    async def dying(bench: Any, address: Any, change: Any, message: str) -> Study:
        if what in message:
            raise Killed
        return await change_study(bench, address, change, message)

    patch.setattr(standing, "change_study", dying)


def _dies_after_writing(patch: pytest.MonkeyPatch, what: str) -> None:
    written = keeping._written

    async def dying(bench: Any, address: Any, study: Study, message: str, commit: str) -> bool:
        is_there = await written(bench, address, study, message, commit)
        if what in message:
            raise Killed
        return is_there

    patch.setattr(keeping, "_written", dying)


def _dies_telling(patch: pytest.MonkeyPatch, what: str) -> None:
    tell = Standing.tell

    def dying(self: Standing, text: Any, trial: Any = None) -> None:
        if what in str(text):
            raise Killed
        tell(self, text, trial)

    patch.setattr(Standing, "tell", dying)


async def dies(computer: Computer, where: Dies) -> None:
    """The power goes there: nothing of this computer runs after it, and nothing is given back."""

    async def nothing(*_: object, **__: object) -> str:
        return ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rental, "give_back", nothing)
        where(patch)
        with pytest.raises(Killed):
            await computer.run()


def _named(where: Dies) -> str:
    return where.__name__


async def begun(tmp_path: Path, where: Dies) -> StudyWorld:
    """A study of two trials whose first computer has died there."""
    world = StudyWorld(tmp_path, steps=2)
    await world.first.create(most_trials=2)
    await dies(world.first, where)
    trials = (await world.second.study()).trials
    assert len(trials) == (where not in NOTHING_CLAIMED)
    assert world.harness.posts() == (where in (*POD_IS_THERE, *END_IS_WRITTEN))
    for trial in trials:
        # Its money is set aside before anything is ordered, and until its end is known.
        assert (trial.state is TrialState.LIVE) == (trial.reserved_usd > 0)
        assert (trial.state is TrialState.LIVE) == (where not in END_IS_WRITTEN)
    return world


@pytest.mark.promise("money-study")
@pytest.mark.parametrize(
    "where", [*NOTHING_CLAIMED, *NOTHING_ORDERED, *POD_IS_THERE, *END_IS_WRITTEN], ids=_named
)
@in_virtual_time
async def test_a_computer_that_died_continues_with_one_pod_a_run(
    tmp_path: Path, where: Dies
) -> None:
    world = await begun(tmp_path, where)
    end = await world.first.run()
    assert [trial.state for trial in end.study.trials] == [TrialState.COMPLETE] * 2
    # An order may have gone out: its pod is looked for, and the launch after that is another run.
    launches = 2 if where is before_the_order else 1
    assert [trial.launches for trial in end.study.trials] == [launches, 1]
    assert world.harness.posts() == 2
    assert world.harness.live() == []
    assert intents_of(world.first.bench).open() == []
    assert end.study.spent_usd == pytest.approx(2 * 0.25)


@pytest.mark.promise("money-study")
@pytest.mark.parametrize("where", [*NOTHING_CLAIMED, *POD_IS_THERE, *END_IS_WRITTEN], ids=_named)
@in_virtual_time
async def test_another_computer_goes_on_where_it_can_see_what_became_of_the_trial(
    tmp_path: Path, where: Dies
) -> None:
    world = await begun(tmp_path, where)
    end = await world.second.run()
    assert [trial.state for trial in end.study.trials] == [TrialState.COMPLETE] * 2
    assert world.harness.posts() == 2
    assert world.harness.live() == []
    assert all(trial.value is not None for trial in end.study.trials)


@pytest.mark.promise("money-study")
@pytest.mark.parametrize("where", NOTHING_ORDERED, ids=_named)
@in_virtual_time
async def test_another_computer_waits_until_a_claim_can_order_no_more(
    tmp_path: Path, where: Dies
) -> None:
    world = await begun(tmp_path, where)
    began = world.harness.loop.time()
    end = await world.second.run()
    assert [trial.state for trial in end.study.trials] == [TrialState.FAILED, TrialState.COMPLETE]
    assert world.harness.posts() == 1
    assert end.study.trials[0].spent_usd > 0  # pods that nobody saw may have been paid
    waited = world.harness.loop.time() - began
    assert waited > (LEASE + LEASE_MARGIN).total_seconds() - 60


@pytest.mark.promise("money-study")
@pytest.mark.parametrize(
    "where", [before_the_claim_is_told, between_the_order_and_its_answer], ids=_named
)
@in_virtual_time
async def test_a_computer_that_comes_back_beside_another_orders_nothing_twice(
    tmp_path: Path, where: Dies
) -> None:
    """Both go on: the one that died, and one that had taken over meanwhile."""
    world = await begun(tmp_path, where)
    second = asyncio.create_task(world.second.run())
    await asyncio.sleep(30)
    ends = await asyncio.gather(world.first.run(), second)
    assert ends[0].study.trials[0] == ends[1].study.trials[0]
    run_ids = [trial.run_id for trial in ends[0].study.trials]
    assert len(set(run_ids)) == len(run_ids) == world.harness.posts()
    folders = await world.first.bench.results(RESULTS_REPO).run_ids()
    assert sorted(folders) == sorted(run_ids)


@pytest.mark.promise("money-study")
@in_virtual_time
async def test_a_trial_that_rose_in_price_while_nobody_ran_it_is_claimed_again(
    tmp_path: Path,
) -> None:
    world = await begun(tmp_path, before_the_launch)
    (claimed,) = (await world.second.study()).trials
    catalogue = world.harness.world.catalogue
    catalogue.gpus = tuple(
        replace(gpu, secure_usd=2 * gpu.secure_usd, community_usd=2 * gpu.community_usd)
        for gpu in catalogue.gpus
    )
    end = await world.first.run()
    assert [trial.launches for trial in end.study.trials] == [2, 1]
    assert any("more expensive" in told for told in world.first.told)
    reserved = [news.study.trials[0].reserved_usd for news in world.first.news]
    assert max(reserved) > claimed.reserved_usd
    for news in world.first.news:
        assert news.study.spent_usd + news.study.reserved_usd <= news.study.asked.budget_usd
