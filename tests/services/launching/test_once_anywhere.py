"""One run has one pod, whichever places it is launched at, however often it is asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from launcher.domain.run import Run
from launcher.errors import InvalidRequest
from launcher.services.launching.launch import launch
from pod_image.contract.places import Provider
from tests.kit.plans import offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

HERE = plan("run-01")
ELSEWHERE = plan("run-01", offer("l4x1", "L4 (l4x1)", 0.8), settings={"provider": Provider.HF_JOBS})
HAS_A_POD = "already has a pod"


def harness_of(folder: Path) -> LauncherHarness:
    harness = LauncherHarness(folder, with_jobs=True)
    harness.script.ends_after = None
    return harness


def pods(harness: LauncherHarness) -> int:
    """At both places."""
    return len(harness.live()) + len(harness.core.jobs.live())


@pytest.mark.promise("money-once")
@in_virtual_time
async def test_two_clicks_for_two_places_in_the_same_moment_rent_one_pod(tmp_path: Path) -> None:
    harness = harness_of(tmp_path)
    both = await asyncio.gather(
        launch(harness.bench, HERE, harness.keys),
        launch(harness.open_bench(), ELSEWHERE, harness.keys),
        return_exceptions=True,
    )
    assert [type(each) for each in both] == [Run, InvalidRequest]
    assert pods(harness) == 1


@pytest.mark.promise("money-once")
@pytest.mark.parametrize(("first", "second"), [(HERE, ELSEWHERE), (ELSEWHERE, HERE)])
def test_a_run_that_lives_at_one_place_is_not_launched_at_another(
    tmp_path: Path, first: object, second: object
) -> None:
    @in_virtual_time
    async def the_story(folder: Path) -> None:
        harness = harness_of(folder)
        await launch(harness.bench, first, harness.keys)  # type: ignore[arg-type]  # as the test has it
        with pytest.raises(InvalidRequest, match=HAS_A_POD):
            await launch(harness.bench, second, harness.keys)  # type: ignore[arg-type]  # as the test has it
        assert pods(harness) == 1

    the_story(tmp_path)


@pytest.mark.promise("money-once")
@pytest.mark.parametrize(("first", "second"), [(HERE, ELSEWHERE), (ELSEWHERE, HERE), (HERE, HERE)])
def test_the_pod_itself_tells_of_the_run_where_this_computer_knows_nothing_of_it(
    tmp_path: Path, first: object, second: object
) -> None:
    @in_virtual_time
    async def the_story(folder: Path) -> None:
        harness = harness_of(folder)
        run = await launch(harness.bench, first, harness.keys)  # type: ignore[arg-type]  # as the test has it
        other = harness.second_home()
        with pytest.raises(InvalidRequest, match=HAS_A_POD):
            await launch(other, second, harness.keys)  # type: ignore[arg-type]  # as the test has it
        assert pods(harness) == 1
        known = other.runs.by_nonce(run.nonce)
        assert known is not None
        assert known.place == run.place

    the_story(tmp_path)
