"""A dozen faults with real processes: the agent, its guard and a command on both emulators over real sockets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from launcher.emulator.hub import HubEmulator
from launcher.emulator.runpod import RunPodEmulator
from launcher.emulator.runpod.conditions import Timing
from pod_image import control
from pod_image.agent.attempt_state import AttemptState
from pod_image.contract.record import RunRecord
from tests.kit.hub_access import hub_of
from tests.kit.real_pods import Clouds

pytestmark = pytest.mark.slow

WORK = """
mkdir -p out
for step in 1 2 3 4 5 6; do echo "{\\"step\\": $step, \\"loss\\": 1.5}"; echo $step > out/answer.txt; sleep 0.4; done
"""
ENDLESS = WORK + "\nexec sleep 1000"


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[Clouds]:
    timing = Timing(provisioning_seconds=0.1, restart_seconds=0.2)
    with (
        HubEmulator(tmp_path / "hub") as hub,
        RunPodEmulator(tmp_path / "pods", timing=timing) as cloud,
    ):
        hub_of(hub).api.create_repo("demo/results")
        yield Clouds(hub, cloud, tmp_path)


def record(clouds: Clouds) -> RunRecord:
    found = RunRecord.from_json(clouds.results()["run-01/run.json"])
    assert found is not None
    return found


def stored(clouds: Clouds, kind: str) -> list[dict[str, Any]]:
    lines = clouds.results()["run-01/events.jsonl"].decode().splitlines()
    return [event for line in lines if (event := json.loads(line))["event"] == kind]


def until_working(clouds: Clouds) -> None:
    clouds.wait(lambda: clouds.events("step"), "no step came")


def agent_of(clouds: Clouds) -> psutil.Process:
    """The agent's own process: the one that has the guard as its child."""
    pod_id = clouds.pods[-1].id
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            is_ours = "pod_image" in process.cmdline() and pod_id in process.environ().values()
            if is_ours and guards_of(process):
                return process
    raise AssertionError("there is no agent")


def guards_of(process: psutil.Process) -> list[psutil.Process]:
    """Its guards that live: one that was killed is there until the agent has seen it."""
    guards = []
    for each in process.children():
        with suppress(psutil.Error):
            if "pod_image.agent.guard" in each.cmdline():
                guards.append(each)
    return guards


def kill_command(clouds: Clouds) -> bool:
    """Whether it was there to be killed: between two of its programs none may be."""
    for child in agent_of(clouds).children(recursive=True):
        with suppress(psutil.Error):
            if child.name() == "sleep":
                child.parent().kill()
                child.kill()
                return True
    return False


@pytest.mark.promise("money-release")
def test_kill_9_of_the_agent_delivers_what_is_there_and_ends_the_pod(clouds: Clouds) -> None:
    clouds.rent("sh", "-c", ENDLESS)
    until_working(clouds)
    agent_of(clouds).kill()
    clouds.until_gone()
    assert record(clouds).end_reason == "failed"
    assert "started again" in record(clouds).detail
    assert len(stored(clouds, "step")) >= 1


def test_kill_9_of_the_agent_and_an_empty_disk_never_begin_the_run_again(clouds: Clouds) -> None:
    clouds.cloud.world.faults.switch_on("restart-wipes-disk")
    clouds.rent("sh", "-c", ENDLESS)
    until_working(clouds)
    clouds.wait(lambda: "run-01/run.json" in clouds.results(), "the attempt was not recorded")
    agent_of(clouds).kill()
    clouds.until_gone()
    assert record(clouds).state == "ended"
    assert record(clouds).boots == 1


def test_kill_9_of_the_command_is_told_and_what_it_made_is_kept(clouds: Clouds) -> None:
    clouds.rent("sh", "-c", WORK + "\nsleep 1000\n")
    until_working(clouds)
    clouds.wait(lambda: len(clouds.events("step")) >= 2, "it did not go on")
    time.sleep(0.2)
    clouds.wait(lambda: kill_command(clouds), "there is no command")
    clouds.until_gone()
    assert record(clouds).end_reason == "trainer_died"
    assert "run-01/files/out/answer.txt" in clouds.results()


def test_kill_9_of_the_guard_leaves_the_run_alone_and_another_one_watches(clouds: Clouds) -> None:
    clouds.rent("sh", "-c", ENDLESS)
    until_working(clouds)
    agent = agent_of(clouds)
    (first,) = guards_of(agent)
    first.kill()
    clouds.wait(lambda: first.pid not in [each.pid for each in guards_of(agent)], "it lives")
    clouds.wait(lambda: guards_of(agent), "no other guard was begun")
    control.main(["stop"], folder=clouds.disk)
    clouds.until_gone()
    assert record(clouds).end_reason == "stopped"


@pytest.mark.promise("money-watched")
def test_an_agent_that_is_stopped_while_its_guard_is_dead_goes_on_and_ends_its_pod(
    clouds: Clouds,
) -> None:
    clouds.rent("sh", "-c", WORK)
    until_working(clouds)
    agent = agent_of(clouds)
    (guard,) = guards_of(agent)
    agent.suspend()
    guard.kill()
    clouds.until_gone()
    assert record(clouds).end_reason == "finished"


def test_the_death_of_the_host_leaves_a_record_that_is_not_over(clouds: Clouds) -> None:
    pod = clouds.rent("sh", "-c", ENDLESS)
    until_working(clouds)
    clouds.wait(lambda: "run-01/run.json" in clouds.results(), "the attempt was not recorded")
    clouds.cloud.world.kill_host(pod)
    clouds.until_gone()
    assert record(clouds).state == "running"


def in_cloud(name: str, times: int | None, **options: Any) -> Callable[[Clouds], None]:
    return lambda clouds: clouds.cloud.world.faults.switch_on(name, times, **options)


def in_hub(name: str) -> Callable[[Clouds], None]:
    return lambda clouds: clouds.hub.core.faults.switch_on(name)


@pytest.mark.parametrize(
    "strike",
    [
        pytest.param(in_cloud("delete-500", 3), id="the release is refused thrice"),
        pytest.param(in_cloud("dropped-replies", 2, method="DELETE"), id="its reply is lost"),
        pytest.param(in_cloud("server-errors", 3, status=502), id="the cloud is away at boot"),
        pytest.param(in_hub("busy"), id="the Hub is busy at boot"),
        pytest.param(in_hub("commit-reply-lost"), id="the reply to a commit is lost"),
        pytest.param(in_hub("commit-stale"), id="another commit comes first"),
        pytest.param(in_hub("commit-locked"), id="another commit is under way"),
        pytest.param(in_hub("commit-late"), id="a commit is carried out late"),
        pytest.param(in_hub("reset"), id="connections are reset"),
    ],
)
def test_a_run_gets_through_it_with_all_its_results(
    clouds: Clouds, strike: Callable[[Clouds], None]
) -> None:
    strike(clouds)
    clouds.rent("sh", "-c", WORK)
    clouds.until_gone()
    assert record(clouds).end_reason == "finished"
    assert clouds.results()["run-01/files/out/answer.txt"] == b"6\n"
    numbers = [event["seq"] for event in map(json.loads, _lines(clouds))]
    assert numbers == list(range(1, len(numbers) + 1))


def _lines(clouds: Clouds) -> list[str]:
    return clouds.results()["run-01/events.jsonl"].decode().splitlines()


@pytest.mark.promise("results-restart")
def test_a_container_killed_after_the_end_only_releases(clouds: Clouds) -> None:
    clouds.cloud.world.faults.switch_on("delete-500", 5)
    clouds.rent("sh", "-c", WORK)

    def is_over() -> bool:
        path = clouds.disk / "latch.json"
        return path.exists() and AttemptState.model_validate_json(path.read_bytes()).is_over

    clouds.wait(is_over, "the run did not end")
    agent_of(clouds).kill()
    clouds.until_gone()
    assert record(clouds).end_reason == "finished"
    assert record(clouds).boots == 1
    assert len(stored(clouds, "ended")) == 1
