"""`launcher reap`, and the look before each launch: what is gone, and what is still rented and what to do then."""

from __future__ import annotations

import asyncio

import pytest

from tests.cli.conftest import COMMAND_RUN, Shell

TRUE = ("--", "true")


@pytest.fixture
def overdue(shell: Shell) -> str:
    """A pod that does not end itself, long after its deadline."""
    shell.harness.script.ends_after = None
    shell("deploy", *COMMAND_RUN, "--max-hours", "1", "--yes", "--detach", *TRUE)
    shell.loop.run_until_complete(asyncio.sleep(3 * 3600.0))
    (pod_id,) = shell.harness.live()
    return pod_id


def test_a_pod_that_could_not_be_released_is_said_to_be_rented_with_its_price_and_what_to_do(
    shell: Shell, overdue: str
) -> None:
    shell.world.faults.switch_on("delete-500")
    said = shell("reap")
    assert said.code == 5
    assert f"Pod {overdue} is still rented and costs $0.25 an hour:" in said.text
    assert "its deadline has passed, but it could not be released." in said.text
    assert "Try again with launcher reap, or end it at console.runpod.io/pods." in said.text
    assert f"1 pod is still rented, for $0.25 an hour: {overdue}." in said.text
    shell.world.faults.switch_off()
    said = shell("reap")
    assert said.code == 0
    assert f"Pod {overdue} ($0.25 an hour) is released: its deadline has passed." in said.text


def test_a_launch_says_the_same_of_a_pod_that_it_could_not_release(
    shell: Shell, overdue: str
) -> None:
    shell.world.faults.switch_on("delete-500")
    said = shell("deploy", *COMMAND_RUN, "--run-id", "run-09", "--yes", "--detach", *TRUE)
    assert f"Pod {overdue} is still rented and costs $0.25 an hour:" in said.text
    assert "was released because" not in said.text
