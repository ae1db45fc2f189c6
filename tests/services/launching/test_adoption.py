"""A launch that was cut off, or whose order had no clear answer: its pod is found and adopted, never ordered twice."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.run import RunState
from launcher.errors import (
    InvalidRequest,
    RentUnclear,
)
from launcher.services.common.intents import Intents, intents_of
from launcher.services.launching.launch import launch
from launcher.services.launching.progress import Progress, Stage
from tests.kit.clouds import TOKENS
from tests.kit.plans import A5000, offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness


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
