"""Starting is proved before paying: a plan asks the registry, and nothing is rented for an image that is not there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.plan import Plan
from launcher.emulator.registry import KnownImage, RegistryApp, RegistryContents
from launcher.emulator.registry.contents import ARM64
from launcher.errors import InvalidRequest, RunFailed
from launcher.providers.runpod.place import PYTORCH_IMAGE
from launcher.services.common.boot_budget import boot_budget
from launcher.services.common.workbench import Workbench
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from pod_image.contract.common_settings import DEFAULT_IMAGE
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from pod_image.contract.findings import Finding, Severity
from tests.kit.clouds import RESULTS_REPO
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

MINE = "ghcr.io/me/pod:1"
CODES = ("image_absent", "image_platform", "image_private", "image_not_asked", "image_python")


@dataclass
class Ground:
    """A person's machine, and registries that are emulated too."""

    harness: LauncherHarness
    registry: RegistryApp
    bench: Workbench

    @classmethod
    def at(cls, folder: Path) -> Ground:
        harness = LauncherHarness(folder, registry_url="http://127.0.0.1:5000")
        app = RegistryApp(RegistryContents())
        bench = replace(harness.bench, registry_transport=httpx.ASGITransport(app))
        return cls(harness, app, bench)

    def add(self, name: str = MINE, **image: Any) -> None:
        self.registry.contents.add(name, KnownImage(**image))

    async def plan(self, image: str = MINE, **given: Any) -> Plan:
        wanted = {"recipe": "command", "argv": ["true"], "results_repo": RESULTS_REPO}
        composed = compose(None, {**wanted, "image": image, **given})
        return await make_plan(self.bench, composed, self.harness.keys)


def on_image(plan: Plan) -> list[Finding]:
    return [finding for finding in plan.findings if finding.code in CODES]


@pytest.mark.parametrize(
    ("image", "code", "way_out"),
    [
        (MINE, "image_absent", "--image bootstrap does not need our image"),
        ("bootstrap:ghcr.io/me/other:1", "image_absent", "--image bootstrap uses one"),
        ("ghcr.io/Me/Pod:1", "image_absent", "--image bootstrap"),
        ("ghcr.io/me/arm:1", "image_platform", "--platform linux/amd64"),
    ],
)
def test_nothing_is_rented_for_an_image_that_is_not_there_for_a_pods_machine(
    tmp_path: Path, image: str, code: str, way_out: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        ground = Ground.at(tmp_path)
        ground.add("ghcr.io/me/arm:1", platforms=(ARM64,))
        plan = await ground.plan(image)
        (found,) = on_image(plan)
        assert (found.severity, found.code, found.setting) == (Severity.ERROR, code, "image")
        assert way_out in in_terminal(found.hint)
        with pytest.raises(InvalidRequest):
            await launch(ground.bench, plan, ground.harness.keys)
        assert ground.harness.posts() == 0

    check()


@pytest.mark.parametrize(
    ("fault", "given", "severity", "code"),
    [
        ("image-private", {}, Severity.WARNING, "image_private"),
        ("image-private", {"registry": "cred-1"}, Severity.NOTE, "image_private"),
        ("registry-busy", {}, Severity.NOTE, "image_not_asked"),
        ("registry-down", {}, Severity.NOTE, "image_not_asked"),
        ("registry-slow", {}, Severity.NOTE, "image_not_asked"),
    ],
)
def test_a_registry_that_cannot_be_asked_keeps_nothing_from_being_rented(
    tmp_path: Path, fault: str, given: dict[str, Any], severity: Severity, code: str
) -> None:
    @in_virtual_time
    async def check() -> None:
        ground = Ground.at(tmp_path)
        ground.add()
        ground.registry.contents.switch_on(fault)
        plan = await ground.plan(**given)
        (found,) = on_image(plan)
        assert (found.severity, found.code) == (severity, code)
        assert plan.errors == ()
        assert plan.image is None
        assert ground.harness.loop.time() < 20

    check()


@in_virtual_time
async def test_an_image_that_is_private_is_refused_to_a_pod_as_it_was_to_the_plan(
    tmp_path: Path,
) -> None:
    ground = Ground.at(tmp_path)
    ground.add(is_private=True)
    ground.harness.world.images.registries = ground.registry.contents
    plan = await ground.plan()
    assert [each.code for each in on_image(plan)] == ["image_private"]
    with pytest.raises(RunFailed, match="pull access denied"):
        await launch(ground.bench, plan, ground.harness.keys)
    assert ground.harness.live() == []


@in_virtual_time
async def test_without_a_stand_in_for_registries_a_stand_in_of_the_cloud_asks_none(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    wanted = {"recipe": "command", "argv": ["true"], "results_repo": RESULTS_REPO}
    composed = compose(None, {**wanted, "image": MINE})
    plan = await make_plan(harness.bench, composed, harness.keys)
    assert on_image(plan) == []


@in_virtual_time
async def test_the_size_goes_into_the_boot_budget_that_the_pod_is_told(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    ground.add(size_bytes=9_000_000_000)
    plan = await ground.plan()
    budget = boot_budget(plan.settings, plan.image_gb)
    assert (budget.minutes, budget.basis[:15]) == (25, "9 GB of image a")
    run = await launch(ground.bench, plan, ground.harness.keys)
    told = RunDocument.from_json(ground.harness.world.pods[run.pod_id].env[RUN_VARIABLE])
    assert told.settings.boot_minutes == 25
    assert told.settings.image == MINE


@in_virtual_time
async def test_a_budget_stays_one_that_a_pod_takes(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    ground.add(size_bytes=200_000_000_000)
    plan = await ground.plan()
    assert boot_budget(plan.settings, plan.image_gb).minutes == 120


@in_virtual_time
async def test_a_disk_that_the_image_fills_is_warned_of(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    ground.add(size_bytes=15_000_000_000)
    tight = await ground.plan(disk_gb=20)
    (found,) = [each for each in tight.findings if each.code == "disk_tight"]
    assert found.severity is Severity.WARNING
    assert "the unpacked image takes about 30 GB" in in_terminal(found.message)
    assert in_terminal(found.hint) == "Rent a larger disk: --disk-gb 30"
    wide = await ground.plan(disk_gb=60)
    assert not [each for each in wide.findings if each.code == "disk_tight"]


@pytest.mark.parametrize(
    ("name", "python", "is_refused"),
    [
        ("acme/tools:1", "3.10.14", True),
        ("acme/tools:1", "3.11.2", False),
        ("acme/tools:1", "", False),
        ("acme/tools:py310", "3.12.1", False),
        ("python:3.10", "", True),
    ],
)
def test_a_foreign_image_whose_python_is_too_old_is_refused_by_what_it_says_itself(
    tmp_path: Path, name: str, python: str, is_refused: bool
) -> None:
    @in_virtual_time
    async def check() -> None:
        ground = Ground.at(tmp_path)
        completed = f"docker.io/{name if '/' in name else f'library/{name}'}"
        ground.add(completed, python=python)
        plan = await ground.plan(f"bootstrap:{name}")
        assert [each.code for each in plan.errors] == ["image_python"] * is_refused
        if is_refused:
            assert f"Python {python[:4] or '3.10'}" in in_terminal(plan.errors[0].message)

    check()


@in_virtual_time
async def test_bootstrap_alone_asks_for_the_places_own_image(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    ground.add(f"docker.io/{PYTORCH_IMAGE}", size_bytes=8_000_000_000)
    plan = await ground.plan("bootstrap")
    assert plan.image is not None
    assert (plan.image.name, plan.image.size_gb) == (PYTORCH_IMAGE, 8.0)


@in_virtual_time
async def test_what_is_agreed_to_is_the_same_whether_or_not_the_registry_answers(
    tmp_path: Path,
) -> None:
    ground = Ground.at(tmp_path)
    ground.add(DEFAULT_IMAGE, size_bytes=9_000_000_000)
    told = await ground.plan(DEFAULT_IMAGE)
    await ground.bench.clock.sleep(3600)
    ground.registry.contents.switch_on("registry-down")
    untold = await ground.plan(DEFAULT_IMAGE)
    assert (told.image is None, untold.image is None) == (False, True)
    assert told.hash == untold.hash


@in_virtual_time
async def test_a_registry_is_asked_again_when_what_it_said_is_old(tmp_path: Path) -> None:
    ground = Ground.at(tmp_path)
    ground.add()
    await ground.plan()
    asked = len(ground.registry.seen)
    await ground.bench.clock.sleep(300)
    await ground.plan()
    assert len(ground.registry.seen) == asked
    await ground.bench.clock.sleep(400)
    await ground.plan()
    assert len(ground.registry.seen) == 2 * asked


@in_virtual_time
async def test_an_image_that_was_not_there_is_looked_for_again_after_a_push(
    tmp_path: Path,
) -> None:
    ground = Ground.at(tmp_path)
    assert (await ground.plan()).errors
    ground.add()
    await ground.bench.clock.sleep(31)
    assert (await ground.plan()).errors == ()
