"""A run in a container: what its engine is told, which engine is taken, and what becomes of it when an engine fails."""

from __future__ import annotations

import json
import os
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pod_image.contract.interpreter import module_command
from pod_image.contract.own_machine import Kind
from pod_image.own_machine.container import Container, container_for, found_engine
from pod_image.own_machine.errands import Ground, answer
from pod_image.own_machine.first import is_delivered
from pod_image.own_machine.identity import boot_id, living
from pod_image.own_machine.machine import ThisMachine
from pod_image.own_machine.refused import Refused
from pod_image.own_machine.run_place import RunPlace
from tests.kit.engine_stand_in import StandInEngine
from tests.kit.virtual_time import in_virtual_time
from tests.providers.own_stage import MadeUpMachine

ID = "run-01-a1-abcdefghij"
IMAGE = "localhost/ours:1"


def run_document(**settings: Any) -> str:
    return json.dumps({"settings": {"container": "on", "container_image": IMAGE, **settings}})


def placed(folder: Path, container: Container, run_json: str = "{}", lent: str = "") -> RunPlace:
    place = RunPlace(folder / ID)
    place.disk.mkdir(parents=True)
    environment = {"LAUNCHER_RUN": run_json, **({"CUDA_VISIBLE_DEVICES": lent} if lent else {})}
    kept = {
        "name": f"launcher-{ID}",
        "nonce": "abcdefghij",
        "run_json": run_json,
        "environment": environment,
        "boot_id": boot_id(),
        "container": container.as_document(),
    }
    place.write("order", kept)
    return place


def said(words: tuple[str, ...], option: str) -> list[str]:
    return [after for word, after in pairwise(words) if word == option]


@pytest.mark.promise("secrets-nowhere")
def test_a_container_sees_the_runs_folder_our_program_and_nothing_else_of_the_machine(
    tmp_path: Path,
) -> None:
    container = Container("podman", IMAGE, "5.2", is_rootless=True)
    place = placed(tmp_path, container)
    words = container.start_command(place)
    program, folder = said(words, "--mount")
    assert program.endswith("pod_image,readonly")
    assert folder == f"type=bind,src={place.disk},dst={place.disk}"
    assert not {"--privileged", "--volume", "--pid", "--ipc", "--cap-add"} & set(words)
    assert "no-new-privileges" in said(words, "--security-opt")
    told = dict(each.split("=", 1) for each in said(words, "--env") if "=" in each)
    assert told["LAUNCHER_FOLDER"] == told["HOME"] == str(place.disk)
    assert said(words, "--label") == [
        f"pod-launcher.run={ID}",
        "pod-launcher.nonce=abcdefghij",
    ]
    assert said(words, "--name") == [f"pod-launcher-{ID}"]


@pytest.mark.parametrize("engine", ["podman", "docker"])
def test_what_other_users_see_of_a_container_tells_them_no_value_of_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("https_proxy", "http://me:an-example@proxy:3128")
    document = run_document(argv=["train", "on-what-is-mine"])
    container = Container(engine, IMAGE)
    place = placed(tmp_path, container, document)
    words = container.start_command(place)
    assert {"https_proxy", "LAUNCHER_RUN"} <= set(said(words, "--env"))
    assert not [each for each in words if "a-password" in each or "on-what-is-mine" in each]
    around = container.start_environment(place)
    assert around["https_proxy"] == "http://me:an-example@proxy:3128"
    assert around["LAUNCHER_RUN"] == document
    assert around["PATH"] == os.environ["PATH"]  # the engine's own settings are found as ever


def test_folders_that_the_settings_name_are_there_too_and_a_dataset_cannot_be_written(
    tmp_path: Path,
) -> None:
    results, clips = tmp_path / "my, results", tmp_path / "clips"
    document = run_document(results_folder=str(results), dataset_repo=str(clips))
    container = Container("docker", IMAGE)
    mounts = said(container.start_command(placed(tmp_path, container, document)), "--mount")
    assert f'type=bind,"src={results}","dst={results}"' in mounts
    assert f"type=bind,src={clips},dst={clips},readonly" in mounts
    assert results.is_dir()
    on_hub = run_document(results_repo="me/voice", dataset_repo="me/clips")
    elsewhere = placed(tmp_path / "second", container, on_hub)
    assert len(said(container.start_command(elsewhere), "--mount")) == 2


@pytest.mark.parametrize(
    ("engine", "is_rootless", "user"),
    [
        ("podman", True, ["--userns", "keep-id", "--user", f"{os.getuid()}:{os.getgid()}"]),
        ("podman", False, ["--user", f"{os.getuid()}:{os.getgid()}"]),
        ("docker", False, ["--user", f"{os.getuid()}:{os.getgid()}"]),
        ("docker", True, ["--user", "0:0"]),
    ],
)
def test_what_a_run_writes_belongs_to_the_person(
    tmp_path: Path, engine: str, is_rootless: bool, user: list[str]
) -> None:
    container = Container(engine, IMAGE, "1", is_rootless)
    words = " ".join(container.start_command(placed(tmp_path, container)))
    assert f" {' '.join(user)} " in words
    assert ("keep-id" in words) is ("keep-id" in user)


def test_a_container_is_given_the_gpus_of_its_run_alone(tmp_path: Path) -> None:
    podman, docker = Container("podman", IMAGE), Container("docker", IMAGE)
    lent = "GPU-1,GPU-2"
    by_podman = podman.start_command(placed(tmp_path / "one", podman, lent=lent))
    assert said(by_podman, "--device") == ["nvidia.com/gpu=GPU-1", "nvidia.com/gpu=GPU-2"]
    by_docker = docker.start_command(placed(tmp_path / "two", docker, lent=lent))
    assert said(by_docker, "--gpus") == ['"device=GPU-1,GPU-2"']
    without = podman.start_command(placed(tmp_path / "three", podman))
    assert not {"--device", "--gpus"} & set(without)


def test_podman_is_taken_before_docker_and_docker_where_podman_does_not_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    podman, docker = StandInEngine(tmp_path), StandInEngine(tmp_path, "docker")
    monkeypatch.setenv("PATH", f"{docker.folder}:{podman.folder}")
    assert found_engine(IMAGE) == Container("podman", IMAGE, "5.2.0", is_rootless=True)
    monkeypatch.setenv("PATH", str(docker.folder))
    assert found_engine(IMAGE) == Container("docker", IMAGE, "28.2.2", is_rootless=False)
    broken = StandInEngine(tmp_path / "podman-bin", answer="")
    monkeypatch.setenv("PATH", f"{broken.folder}:{docker.folder}")
    assert found_engine(IMAGE).engine == "docker"


def test_where_no_engine_answers_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="neither Podman nor Docker") as caught:
        container_for(run_document())
    assert caught.value.kind is Kind.UNFIT
    assert "apt install podman" in str(caught.value.hint)
    broken = StandInEngine(tmp_path, answer="")
    monkeypatch.setenv("PATH", str(broken.folder))
    with pytest.raises(Refused, match="podman cannot be used") as caught:
        container_for(run_document())
    assert "podman info" in str(caught.value.hint)


@pytest.mark.parametrize("document", ["", "[]", '{"settings": 3}', run_document(container="off")])
def test_a_run_that_asks_for_none_is_a_process(document: str) -> None:
    assert container_for(document) is None


@in_virtual_time
async def test_a_run_whose_machine_has_no_engine_is_not_started_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    machine = MadeUpMachine()
    machine.engine = ""
    ground = Ground(tmp_path / "runs", tmp_path / "leases", machine)
    asked = {
        "pod_id": ID,
        "name": f"launcher-{ID}",
        "nonce": "abcdefghij",
        "run_json": run_document(),
        "gpu_type": "cpu",
        "gpu_count": 1,
        "environment": {"LAUNCHER_RUN": run_document()},
        "variable": "LAUNCHER_LOCAL_RUN",
        "keys": {},
    }
    with pytest.raises(Refused, match="no engine"):
        answer(ground, "start", asked)
    assert not RunPlace(ground.runs / ID).order
    assert answer(ground, "look", {"run_json": run_document()})["container"] == {
        "why_not": "There is no engine here.",
        "hint": "Install Podman.",
    }
    machine.engine = "podman"
    answer(ground, "start", asked)
    assert RunPlace(ground.runs / ID).order["container"]["image"] == IMAGE


@pytest.mark.promise("money-release")
def test_a_container_that_its_engine_cannot_remove_is_alive_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody may take it for gone: its GPU is at work."""
    place = placed(tmp_path, Container("podman", IMAGE))
    monkeypatch.setenv("PATH", str(tmp_path))  # the engine is not found any more
    ground = Ground(tmp_path, tmp_path / "leases", ThisMachine())
    assert ThisMachine().is_alive(place)
    with pytest.raises(Refused, match="could not remove") as caught:
        answer(ground, "end", {"pod_id": ID})
    assert caught.value.kind is Kind.ALIVE
    assert not place.ended
    StandInEngine(tmp_path).put_first(monkeypatch)
    assert answer(ground, "end", {"pod_id": ID}) == {}
    assert not ThisMachine().is_alive(place)


def test_what_a_run_wrote_of_processes_ends_none_outside_its_container(tmp_path: Path) -> None:
    """Its folder is its own, so that a note there of which process is its stage proves nothing."""
    place = placed(tmp_path, Container("podman", IMAGE))
    place.write("process", {"pid": 999_999_999, "started": "1", "boot_id": boot_id()})
    (place.disk / "run").mkdir()
    started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    note = {"stage_pid": os.getpid(), "stage_started": started}
    (place.disk / "run" / "latch.json").write_text(json.dumps(note))
    assert living(place) == set()
    kept = {name: each for name, each in place.order.items() if name != "container"}
    place.write("order", kept)
    assert os.getpid() in living(place)  # so the note itself is right


def test_an_image_that_cannot_be_started_is_said_as_the_end_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "podman"
    program.write_text('#!/bin/sh\n[ "$1" != run ] || { echo no such image >&2; exit 125; }\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    place = placed(tmp_path, Container("podman", IMAGE), json.dumps({"run_id": "run-01"}))
    command = module_command("pod_image.own_machine.container_first", str(place.root))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 125
    ended = json.loads(done.stdout.splitlines()[-1])
    assert (ended["event"], ended["reason"]) == ("ended", "boot_failed")
    assert IMAGE in ended["detail"]
    assert "no such image" in done.stderr
    assert place.ended["code"] == 125


def test_an_image_without_a_new_python_is_said_as_the_end_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the run would be gone without a word."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "podman"
    begin = 'for last; do :; done; PATH=/nothing exec /bin/sh -c "$last"'
    program.write_text(f'#!/bin/sh\n[ "$1" = run ] || exit 0\n{begin}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    place = placed(tmp_path, Container("podman", IMAGE), json.dumps({"run_id": "run-01"}))
    command = module_command("pod_image.own_machine.container_first", str(place.root))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    *_, why, last = done.stdout.splitlines()
    assert why == "This image has no Python 3.11 or newer."
    assert json.loads(last)["reason"] == "boot_failed"


def test_a_results_folder_that_cannot_be_made_is_not_blamed_on_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    document = run_document(results_folder=str(tmp_path / "file" / "voices"))
    StandInEngine(tmp_path).put_first(monkeypatch)
    place = placed(tmp_path, Container("podman", IMAGE), document)
    command = module_command("pod_image.own_machine.container_first", str(place.root))
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith(f"{tmp_path}/file")
    assert "podman" not in done.stdout.splitlines()[0]
    assert place.ended["code"] == 127


def test_a_pipe_in_place_of_what_the_run_said_holds_up_nobody(tmp_path: Path) -> None:
    """The process around the container has the locks of its GPUs."""
    place = placed(tmp_path, Container("podman", IMAGE))
    place.events.parent.mkdir(parents=True)
    os.mkfifo(place.events)
    assert not is_delivered(place)
    place.events.unlink()
    place.events.write_text('{"event": "ended", "reason": "finished", "not_delivered_count": 0}\n')
    assert is_delivered(place)
