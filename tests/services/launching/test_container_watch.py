"""A pod that is said to run and has no container is given back as soon as that is known, and another one tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.pod import Pod, PodStatus
from launcher.errors import RunFailed
from launcher.services.common.observations import LogSeen, PodSeen, Tick
from launcher.services.launching.bad_hosts import bad_hosts
from launcher.services.launching.boot import NeverCameUp, UnfitMachine
from launcher.services.launching.container_watch import SILENCE, TRIES, ContainerWatch
from launcher.services.launching.launch import launch
from pod_image.contract.outcomes import EndReason
from tests.kit.clouds import GPU, RESULTS_REPO
from tests.kit.plans import offer, plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = offer("NVIDIA RTX A5000", "RTX A5000", 0.27)
RUNNING = PodSeen(Pod("p", "n", PodStatus.RUNNING, 0.5), PodStatus.STARTING)
NOT_STARTED = "error starting container: Error response from daemon: OCI runtime create failed: "


def system(text: str) -> LogSeen:
    return LogSeen("system", text, NOON)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.mark.parametrize(
    "text",
    [
        "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please update your driver",
        "nvidia-container-cli: initialization error: driver rpc error: timed out: unknown",
        "docker: could not select device driver '' with capabilities: [[gpu]]",
        "Failed to initialize NVML: Driver/library version mismatch",
    ],
)
def test_a_host_whose_driver_will_not_do_is_left_at_the_first_word(text: str) -> None:
    with pytest.raises(UnfitMachine, match="cannot start the container"):
        ContainerWatch().see(system(text), minutes(1))


def test_an_image_that_starts_on_no_host_ends_the_launch_and_is_not_tried_elsewhere() -> None:
    text = NOT_STARTED + 'exec: "pythn": executable file not found in $PATH: unknown'
    with pytest.raises(RunFailed, match="executable file not found") as caught:
        ContainerWatch().see(system(text), minutes(1))
    assert "--image" in in_terminal(caught.value.hint)


def test_a_start_that_fails_once_may_be_luck_and_three_times_are_none() -> None:
    watch = ContainerWatch()
    for _ in range(TRIES - 1):
        watch.see(system(NOT_STARTED + "context deadline exceeded: unknown"), minutes(1))
    with pytest.raises(NeverCameUp, match="did not start in 3 tries"):
        watch.see(system(NOT_STARTED + "context deadline exceeded: unknown"), minutes(1))


def test_what_others_say_in_the_log_of_the_container_is_no_word_of_the_host() -> None:
    text = "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8"
    watch = ContainerWatch()
    watch.see(LogSeen("container", text, NOON), minutes(1))
    assert watch.is_up


def test_silence_is_taken_for_no_container_only_while_nothing_at_all_is_seen_of_one() -> None:
    late = minutes(2) + SILENCE + timedelta(seconds=1)
    silent = ContainerWatch()
    silent.see(Tick(NOON), minutes(60))  # still waiting for a machine: another budget's business
    silent.see(RUNNING, minutes(2))
    silent.see(Tick(NOON), minutes(2) + SILENCE)
    with pytest.raises(NeverCameUp, match="its container gave no sign of life for 5 min"):
        silent.see(Tick(NOON), late)
    pulling = ContainerWatch()
    pulling.see(RUNNING, minutes(2))
    pulling.see(system("7197a8f60f79 Extracting"), minutes(6))
    pulling.see(Tick(NOON), late)
    up = ContainerWatch()
    up.see(RUNNING, minutes(2))
    up.see(Tick(NOON, uptime_seconds=4.0), minutes(3))
    up.see(Tick(NOON), late)
    assert up.is_up


@in_virtual_time
async def test_a_pod_on_a_wrong_host_is_released_at_once_and_the_next_candidate_tried(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("no-container", times=1)
    run = await launch(harness.bench, plan("run-01", offer(), SECOND), harness.keys)
    assert (run.attempt, run.gpu_name) == (2, "RTX A5000")
    assert harness.live() == [run.pod_id]
    assert harness.loop.time() < 60  # the boot budget is ten minutes
    first = harness.bench.runs.attempts(RESULTS_REPO, "run-01")[1]
    assert first.end_reason is EndReason.BOOT_FAILED
    assert "please update your driver" in first.detail
    assert sorted(harness.secret_names()) == sorted(run.secret_names)


@in_virtual_time
async def test_the_same_gpu_is_tried_elsewhere_first_and_the_place_is_remembered(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    places = tuple(harness.world.catalogue.places(GPU, 1, "SECURE", []))
    harness.world.faults.switch_on("no-container", times=1)
    run = await launch(
        harness.bench, plan("run-01", offer(data_centers=places), SECOND), harness.keys
    )
    first = harness.bench.runs.attempts(RESULTS_REPO, "run-01")[1]
    assert (run.gpu_name, first.gpu_name) == ("RTX 4090", "RTX 4090")
    centres = [harness.world.pods[each.pod_id].centre_id for each in (first, run)]
    assert centres[0] == places[0] != centres[1]
    (host,) = bad_hosts(harness.bench)
    assert host.data_center == places[0]
    assert "driver" in host.why


@in_virtual_time
async def test_a_pod_without_a_container_or_a_word_of_it_is_released_long_before_its_budget(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("no-container", times=1, silent=True)
    run = await launch(harness.bench, plan("run-01", offer(), SECOND), harness.keys)
    assert (run.attempt, run.gpu_name) == (2, "RTX A5000")
    assert 300 < harness.loop.time() < 340


@in_virtual_time
async def test_when_every_host_is_wrong_the_launch_says_so_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    harness.world.faults.switch_on("no-container")
    with pytest.raises(RunFailed, match="please update your driver"):
        await launch(harness.bench, plan("run-01", offer(), SECOND), harness.keys)
    assert len(harness.world.pods) == 2
    assert (harness.live(), harness.secret_names()) == ([], [])
