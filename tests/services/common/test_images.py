"""Images that cannot be pulled: found in the system's log, long before the boot budget is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.pod import PodStatus
from launcher.emulator.runpod.accounts import Registry
from launcher.errors import RunFailed
from launcher.services.common.observations import LogSeen
from launcher.services.launching.boot import check_boot
from launcher.services.launching.launch import launch
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PRIVATE = "ghcr.io/me/private:1"


@in_virtual_time
async def test_a_private_image_without_a_credential_ends_the_launch_within_a_minute(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.images.private.add("ghcr.io/me/*")
    before = harness.bench.clock.now()
    with pytest.raises(RunFailed, match="pull access denied") as caught:
        await launch(harness.bench, plan(settings={"image": PRIVATE}), harness.keys)
    assert "--registry" in in_terminal(caught.value.hint)
    assert "was released" in in_terminal(caught.value.message)
    assert harness.bench.clock.now() - before < timedelta(minutes=1)
    assert harness.live() == []
    assert harness.posts() == 1


@in_virtual_time
async def test_an_image_that_is_not_there_is_named_and_no_second_pod_is_tried(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.images.absent.add("ghcr.io/me/absent:*")
    with pytest.raises(RunFailed, match="absent:1 not found"):
        await launch(harness.bench, plan(settings={"image": "ghcr.io/me/absent:1"}), harness.keys)
    assert (harness.posts(), harness.live()) == (1, [])


@in_virtual_time
async def test_a_private_image_with_its_credential_comes_up(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.images.private.add("ghcr.io/me/*")
    harness.world.account.registries["cred-1"] = Registry("cred-1", "mine", "me", "")
    settings = {"image": PRIVATE, "registry": "cred-1"}
    run = await launch(harness.bench, plan(settings=settings), harness.keys)
    assert run.armed_at is not None


@pytest.mark.parametrize(
    "line", ["error pulling image: context deadline exceeded", "toomanyrequests: slow down"]
)
def test_what_may_pass_is_waited_for(line: str) -> None:
    seen = LogSeen("system", line, NOON)
    check_boot(10, PodStatus.STARTING, timedelta(minutes=1), seen)


def test_words_of_the_container_itself_are_not_taken_for_the_registrys() -> None:
    seen = LogSeen("container", "unauthorized: pull access denied", NOON)
    check_boot(10, PodStatus.RUNNING, timedelta(minutes=1), seen)
