"""The recipe `command` on both emulators over real sockets, as the real child process `python -m pod_image`."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.emulator.hub import HubEmulator
from launcher.emulator.runpod import RunPodEmulator
from pod_image.contract.run_log import find_gap, read_lines
from tests.kit.hub_access import hub_of
from tests.kit.real_pods import Clouds


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[Clouds]:
    with HubEmulator(tmp_path / "hub") as hub, RunPodEmulator(tmp_path / "pods") as cloud:
        hub_of(hub).api.create_repo("demo/results")
        yield Clouds(hub, cloud, tmp_path)


SCRIPT = """
echo 'one line'
echo '{"step": 1, "loss": 2.5}'
env | sort > out/environment.txt
mkdir -p out/deep && echo result > out/deep/answer.txt
"""


def test_a_command_lives_its_whole_life_and_the_pod_ends_itself(clouds: Clouds) -> None:
    pod = clouds.rent("sh", "-c", SCRIPT)
    clouds.until_gone()
    (ended,) = clouds.events("ended")
    assert ended["reason"] == "finished"
    assert ended["first_loss"] == 2.5
    results = clouds.results()
    assert results["run-01/files/out/deep/answer.txt"] == b"result\n"
    assert "`out/deep/answer.txt`" in results["README.md"].decode()
    assert json.loads(results["run-01/run.json"])["state"] == "ended"
    said = results["run-01/files/out/environment.txt"].decode()
    assert pod.key.value not in said
    assert clouds.hub.tokens["write"] not in said
    releases = [one for one in clouds.cloud.requests if one.method == "DELETE"]
    assert [(one.key_kind, one.status) for one in releases] == [("pod", 204)]
    assert all(one.user_agent.startswith("pod-launcher") for one in releases)


def test_an_agent_killed_in_training_delivers_what_there_is_and_the_pod_ends_itself(
    clouds: Clouds,
) -> None:
    clouds.rent("sh", "-c", "echo here > out/early.txt; sleep 600")
    clouds.wait(
        lambda: (clouds.disk / "prepared" / "out" / "early.txt").exists(), "the command did not run"
    )
    pid = int((clouds.disk.parent.parent / "main.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    clouds.until_gone()
    (ended,) = clouds.events("ended")
    assert ended["reason"] == "failed"
    assert json.loads(clouds.results()["run-01/run.json"])["state"] == "ended"
    assert clouds.results()["run-01/files/out/early.txt"] == b"here\n"
    assert ended["not_delivered"] == []


def test_a_command_is_stopped_through_the_control_module(clouds: Clouds) -> None:
    from pod_image import control

    clouds.rent("sh", "-c", "echo kept > out/kept.txt; echo '{\"step\": 1}'; sleep 600")
    clouds.wait(lambda: clouds.events("step") or clouds.events("heartbeat"), "it did not start")
    assert control.main(["stop", "--id", "my-stop"], folder=clouds.disk) == 0
    clouds.until_gone()
    (ended,) = clouds.events("ended")
    assert ended["reason"] == "stopped"
    assert clouds.results()["run-01/files/out/kept.txt"] == b"kept\n"


def test_a_command_that_fails_is_a_failure_that_names_its_exit_code(clouds: Clouds) -> None:
    clouds.rent("sh", "-c", "echo partial > out/partial.txt; exit 7")
    clouds.until_gone()
    (ended,) = clouds.events("ended")
    assert ended["reason"] == "failed"
    assert "exit code 7" in ended["detail"]
    assert "kept" not in ended["hint"]
    assert "run-01/files/out/partial.txt" in clouds.results()


def test_all_that_a_failed_command_printed_is_in_the_repo_and_its_last_words_are_quoted(
    clouds: Clouds,
) -> None:
    clouds.rent("sh", "-c", "seq 1 30000; printf '\\033[31mred\\033[0m' >&2; exit 3")
    clouds.until_gone()
    log = clouds.results()["run-01/log.txt"]
    lines = [line.text for line in read_lines(log) if line.is_program]
    gap = find_gap(log)
    missing = gap.lines if gap is not None else 0
    assert (lines[0], lines[-1]) == ("1", "red")
    assert len(lines) + missing == 30_001
    (ended,) = clouds.events("ended")
    assert ended["last_lines"][-2:] == ["30000", "red"]
