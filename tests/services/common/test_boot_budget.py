"""How long a pod may boot: by its image, said with its reasons, and never without an end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from launcher.domain.run import RunState
from launcher.errors import RunFailed
from launcher.services.common.boot_budget import COMPRESSED_GB, boot_budget, boot_budget_in
from launcher.services.ending.reap import reap
from launcher.services.launching.launch import launch
from pod_image.contract.common_settings import DEFAULT_IMAGE
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.settings import RunSettings
from tests.kit.checkout import ROOT
from tests.kit.plans import offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

IMAGE_PAGE = ROOT / "docs" / "image.md"


def settings(**given: object) -> RunSettings:
    return RunSettings.model_validate({"results_repo": "me/voice", **given})


def test_our_own_image_gets_a_quarter_of_an_hour_and_says_why() -> None:
    budget = boot_budget(settings())
    assert budget.minutes == 15
    assert budget.basis == (
        "2.75 GB of image at 10 MB/s, 4 minutes to get a machine, 6 to prove it"
    )


def test_runpods_large_image_gets_longer_and_an_unknown_one_a_stated_time() -> None:
    assert boot_budget(settings(image="bootstrap")).minutes == 30
    assert "3 minutes to install" in boot_budget(settings(image="bootstrap")).basis
    unknown = boot_budget(settings(image="me/image:1"))
    assert (unknown.minutes, unknown.basis) == (20, "the size of this image is not known")


def test_what_a_person_set_holds_for_every_image() -> None:
    for image in (DEFAULT_IMAGE, "bootstrap", "me/image:1"):
        budget = boot_budget(settings(image=image, boot_minutes=7.5))
        assert (budget.minutes, budget.basis) == (7.5, "as set by boot_minutes")


def test_no_budget_is_longer_than_a_person_could_set() -> None:
    for image in (*COMPRESSED_GB, "bootstrap", "me/image:1"):
        minutes = boot_budget(settings(image=image)).minutes
        assert settings(boot_minutes=minutes).boot_minutes == minutes > 10


def test_the_size_of_our_image_is_the_one_its_page_has_measured() -> None:
    text = IMAGE_PAGE.read_text("utf-8")
    measured = re.search(r"In all (\d+\.\d+) GB", text)
    assert measured is not None
    # The Debian and Python below the packages take 50 MB more, as the page says.
    assert COMPRESSED_GB[DEFAULT_IMAGE] == pytest.approx(float(measured[1]) + 0.05, abs=0.05)


@in_virtual_time
async def test_a_silent_pod_is_released_at_the_end_of_its_images_budget(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.armed_after = None
    with pytest.raises(RunFailed, match="was not armed within 15 min"):
        await launch(harness.bench, plan(settings={"boot_minutes": 0.0}), harness.keys)
    assert harness.live() == []
    assert 15 * 60 < harness.loop.time() < 16 * 60


@in_virtual_time
async def test_a_pod_without_a_machine_is_released_at_half_the_budget_for_the_next_offer(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("stuck-provisioning", times=1)
    second = offer("NVIDIA RTX A5000", "RTX A5000", 0.27)
    wanted = plan("run-01", offer(), second, settings={"boot_minutes": 0.0})
    run = await launch(harness.bench, wanted, harness.keys)
    assert (run.attempt, run.gpu_name) == (2, "RTX A5000")
    assert harness.live() == [run.pod_id]
    assert 7.5 * 60 < harness.loop.time() < 9 * 60


@in_virtual_time
async def test_the_pod_is_told_its_budget_in_minutes(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(settings={"boot_minutes": 0.0}), harness.keys)
    document = RunDocument.from_json(harness.world.pods[run.pod_id].env[RUN_VARIABLE])
    assert document.settings.boot_minutes == 15
    assert boot_budget_in(run.settings_json).minutes == 15


@in_virtual_time
async def test_the_reaper_waits_for_a_large_image_as_long_as_its_launch_would(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.script.ends_after = None
    wanted = plan(settings={"boot_minutes": 60.0, "max_hours": 4.0})
    run = await launch(harness.bench, wanted, harness.keys)
    await harness.bench.clock.sleep(10)
    await harness.bench.provider.pods()  # its steps are said; from here on it is silent
    harness.bench.runs.update(run, state=RunState.LAUNCHING)  # as if nobody had seen it armed
    harness.world.pods[run.pod_id].log.forget_container()
    await harness.bench.clock.sleep(65 * 60)
    assert (await reap(harness.bench)).released == ()
    await harness.bench.clock.sleep(6 * 60)
    assert [each.pod.id for each in (await reap(harness.bench)).released] == [run.pod_id]


def test_a_run_of_another_release_is_given_the_stated_time() -> None:
    for text in ("[]", "", '{"image": 3}'):
        assert boot_budget_in(text).minutes == 20
    assert boot_budget_in('{"no_such_setting": 1}') == boot_budget_in("{}")
