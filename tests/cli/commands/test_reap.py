"""`launcher reap`, and the look before each launch: what is gone, and what may still be rented and what to do then."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from launcher.cli.commands.reap import _kept
from launcher.cli.terminal.reap_view import what_to_do
from launcher.domain.pod import Pod, PodStatus
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
    assert f"Pod {overdue} may still be rented, for $0.25 an hour:" in said.text
    assert "its deadline has passed, but its release could not be confirmed." in said.text
    assert "Try again with launcher reap, or end it at console.runpod.io/pods." in said.text
    assert f"1 pod may still be rented, for $0.25 an hour: {overdue}." in said.text
    shell.world.faults.switch_off()
    said = shell("reap")
    assert said.code == 0
    assert f"Pod {overdue} ($0.25 an hour) is released: its deadline has passed." in said.text


def test_a_launch_says_the_same_of_a_pod_that_it_could_not_release(
    shell: Shell, overdue: str
) -> None:
    shell.world.faults.switch_on("delete-500")
    said = shell("deploy", *COMMAND_RUN, "--run-id", "run-09", "--yes", "--detach", *TRUE)
    assert f"Pod {overdue} may still be rented, for $0.25 an hour:" in said.text
    assert "was released because" not in said.text


def test_pods_of_several_places_are_ended_at_the_console_of_each() -> None:
    one: Any = SimpleNamespace(console_address="a.example")
    other: Any = SimpleNamespace(console_address="b.example")
    assert what_to_do(one) == "Try again with launcher reap, or end it at a.example."
    assert what_to_do(one, one, other).endswith("or end them at a.example or b.example.")


def test_of_a_cluster_that_stays_it_is_said_what_releases_it() -> None:
    said = _kept(Pod("cluster-c1", "n", PodStatus.RUNNING, 1.38))
    assert said.startswith("Cluster c1 ($1.38 an hour) stays, and CANNOT release itself:")
    assert said.endswith("release it with launcher abort cluster-c1.")
