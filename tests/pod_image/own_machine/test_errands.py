"""What the launcher asks of a machine of one's own, above made-up processes."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from pod_image.agent.clock import AnchoredClock
from pod_image.agent.places.local import LocalPod
from pod_image.contract.own_machine import FOLDER_VARIABLE, Kind
from pod_image.own_machine.__main__ import this_ground
from pod_image.own_machine.errands import UNBORN_SECONDS, Ground, answer, time_there
from pod_image.own_machine.gpus import Gpu, lease
from pod_image.own_machine.refused import Refused
from pod_image.own_machine.run_place import RunPlace, agents_environment
from tests.kit.clocks import MachineClock
from tests.kit.virtual_time import in_virtual_time
from tests.providers.own_stage import GPUS, MadeUpMachine

ID = "run-01-a1-abcdefghij"
SECOND = "run-02-a1-abcdefghij"
DEADLINE = datetime(2030, 1, 1, tzinfo=UTC)


def order(**changes: Any) -> dict[str, Any]:
    return {
        "pod_id": ID,
        "name": f"launcher-{ID}",
        "nonce": "abcdefghij",
        "run_json": json.dumps({"deadline": DEADLINE.isoformat()}),
        "gpu_type": "NVIDIA RTX 4090",
        "gpu_count": 1,
        "environment": {"LAUNCHER_RUN": "{}"},
        "variable": "LAUNCHER_LOCAL_RUN",
        "keys": {"HF_UPLOAD_TOKEN": "hub-token-0123456789"},
        **changes,
    }


def contents_below(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def ground_of(folder: Path, machine: MadeUpMachine) -> Ground:
    return Ground(folder / "runs", folder / "leases", machine)


@in_virtual_time
async def test_a_run_is_told_who_it_is_and_which_gpu_is_its_own(tmp_path: Path) -> None:
    machine = MadeUpMachine()
    answer(ground_of(tmp_path, machine), "start", order())
    assert machine.environments[ID] == {
        "LAUNCHER_RUN": "{}",
        "LAUNCHER_LOCAL_RUN": ID,
        "CUDA_VISIBLE_DEVICES": "GPU-1",
    }


@in_virtual_time
async def test_where_there_is_no_gpu_the_persons_own_word_on_gpus_stands(tmp_path: Path) -> None:
    machine = MadeUpMachine(gpus=[])
    answer(ground_of(tmp_path, machine), "start", order(gpu_type="cpu"))
    assert "CUDA_VISIBLE_DEVICES" not in machine.environments[ID]


@pytest.mark.promise("secrets-nowhere")
@in_virtual_time
async def test_no_file_of_the_run_holds_a_key(tmp_path: Path) -> None:
    machine = MadeUpMachine()
    answer(ground_of(tmp_path, machine), "start", order())
    assert machine.keys[ID] == {"HF_UPLOAD_TOKEN": "hub-token-0123456789"}
    written = contents_below(tmp_path)
    assert written
    assert not any(b"hub-token" in content for content in written)


@in_virtual_time
async def test_a_machine_whose_gpus_are_taken_keeps_nothing_of_the_try(tmp_path: Path) -> None:
    ground = ground_of(tmp_path, MadeUpMachine())
    held = lease(ground.leases, GPUS, 2)
    with pytest.raises(Refused) as caught:
        answer(ground, "start", order())
    assert caught.value.kind is Kind.NO_ROOM
    assert list(ground.runs.iterdir()) == []
    assert held


@in_virtual_time
async def test_a_run_is_not_started_a_second_time(tmp_path: Path) -> None:
    ground = ground_of(tmp_path, MadeUpMachine())
    answer(ground, "start", order())
    with pytest.raises(Refused, match="already"):
        answer(ground, "start", order())


@pytest.mark.parametrize("name", ["", "..", "../../etc", "a/b", "A", "x" * 200, ".hidden"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused) as caught:
        RunPlace.of(tmp_path, name)
    assert caught.value.kind is Kind.GONE


@in_virtual_time
async def test_after_a_new_start_of_the_machine_no_run_lives_and_its_folder_is_told(
    tmp_path: Path,
) -> None:
    machine = MadeUpMachine()
    ground = ground_of(tmp_path, machine)
    answer(ground, "start", order())
    assert len(answer(ground, "list", {})["runs"]) == 1
    machine.start = "second start"  # the numbers of its processes are others' now
    assert answer(ground, "list", {}) == {"runs": []}
    told = answer(ground, "remains", {"pod_id": ID})["remains"]
    assert told.startswith("The machine was started again while it ran.")
    assert str(ground.runs / ID / "disk") in told
    with pytest.raises(Refused, match="started again"):
        answer(ground, "show", {"pod_id": ID})


@in_virtual_time
async def test_after_a_new_start_of_the_machine_nothing_is_killed_by_its_number(
    tmp_path: Path,
) -> None:
    machine = MadeUpMachine()
    ground = ground_of(tmp_path, machine)
    answer(ground, "start", order())
    machine.start, machine.unkillable = "second start", {4711}
    assert answer(ground, "end", {"pod_id": ID}) == {}


@in_virtual_time
async def test_what_cannot_be_ended_is_said(tmp_path: Path) -> None:
    machine = MadeUpMachine()
    ground = ground_of(tmp_path, machine)
    answer(ground, "start", order())
    machine.unkillable = {4711}
    with pytest.raises(Refused, match="4711") as caught:
        answer(ground, "end", {"pod_id": ID})
    assert caught.value.kind is Kind.ALIVE
    assert len(answer(ground, "list", {})["runs"]) == 1


@in_virtual_time
async def test_a_start_that_was_cut_off_is_looked_for_a_while_and_then_gone(
    tmp_path: Path,
) -> None:
    machine = MadeUpMachine()
    ground = ground_of(tmp_path, machine)
    answer(ground, "start", order())
    (ground.runs / ID / "process.json").unlink()
    machine.since.clear()
    assert len(answer(ground, "list", {})["runs"]) == 1
    moved = machine.uptime() + UNBORN_SECONDS + 1
    machine.uptime = lambda: moved  # type: ignore[method-assign]  # of this one machine
    assert answer(ground, "list", {}) == {"runs": []}


@in_virtual_time
async def test_a_look_says_which_gpus_are_free(tmp_path: Path) -> None:
    ground = ground_of(tmp_path, MadeUpMachine([*GPUS, Gpu("GPU-3", "NVIDIA A6000", 48)]))
    held = lease(ground.leases, GPUS, 1)
    assert [gpu["is_free"] for gpu in answer(ground, "look", {})["gpus"]] == [False, True, True]
    assert held


@in_virtual_time
async def test_a_run_whose_first_process_was_killed_keeps_its_gpu_while_any_of_it_lives(
    tmp_path: Path,
) -> None:
    machine = MadeUpMachine(GPUS[:1])
    ground = ground_of(tmp_path, machine)
    answer(ground, "start", order())
    machine.lose_locks(ID)
    assert [gpu["is_free"] for gpu in answer(ground, "look", {})["gpus"]] == [False]
    with pytest.raises(Refused) as caught:
        answer(ground, "start", order(pod_id="run-02-a1-abcdefghij"))
    assert caught.value.kind is Kind.NO_ROOM
    machine.die(ID)
    answer(ground, "start", order(pod_id="run-03-a1-abcdefghij"))


@pytest.mark.parametrize("jump", [-7_200.0, 7_200.0])
@in_virtual_time
async def test_a_clock_that_is_set_while_a_run_lives_changes_no_time_of_it(
    tmp_path: Path, jump: float
) -> None:
    machine = MadeUpMachine()
    ground = ground_of(tmp_path, machine)
    answer(ground, "start", order())
    began = time_there(ground)
    machine.skew_seconds = jump
    assert time_there(ground) == began
    answer(ground, "start", order(pod_id="run-02-a1-abcdefghij"))
    machine.die(ID)
    shown = answer(ground, "list", {})["runs"]
    assert [(each["created_at"], each["seconds"]) for each in shown] == [(began, 0.0)]
    machine.die("run-02-a1-abcdefghij")
    assert time_there(ground) == began + jump


@pytest.mark.promise("money-caps")
@pytest.mark.parametrize("jump", [-7_200.0, 0.0, 7_200.0])
@in_virtual_time
async def test_an_agent_counts_by_the_time_by_which_its_deadline_was_made(
    tmp_path: Path, jump: float
) -> None:
    machine = MadeUpMachine()
    ground = ground_of(tmp_path, machine)
    answer(ground, "start", order())
    machine.skew_seconds = jump
    started = RunPlace.of(ground.runs, answer(ground, "start", order(pod_id=SECOND))["id"])
    pod = LocalPod.from_environment(machine.environments[SECOND], httpx.AsyncClient)
    seen = MachineClock()
    seen.skew_seconds = jump
    clock = AnchoredClock(seen)
    clock.anchor(clock.now() + (await pod.read()).ahead_seconds)
    assert clock.now() == pytest.approx(started.order["created_at"])


def test_a_run_gets_what_programs_need_and_no_key_of_the_persons_surroundings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_TOKEN", "RUNPOD_API_KEY", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "a-key-0123456789")
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}::relative")
    found = agents_environment(RunPlace(tmp_path / ID), {"LAUNCHER_RUN": "{}"})
    assert not any("a-key" in text for text in found.values())
    assert found["https_proxy"] == "http://proxy:3128"
    assert found["PYTHONPATH"] == str(tmp_path)
    assert {"PATH", "HOME", "LAUNCHER_RUN"} <= set(found)


def test_runs_are_not_looked_for_where_other_users_could_have_put_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    monkeypatch.setenv(FOLDER_VARIABLE, str(runs))
    assert this_ground().runs == runs
    runs.mkdir()
    assert this_ground().runs == runs
    monkeypatch.setattr(os, "getuid", lambda: runs.stat().st_uid + 1)
    with pytest.raises(Refused, match="belongs to another user") as caught:
        this_ground()
    assert str(runs) in str(caught.value.message)


@in_virtual_time
async def test_the_time_is_told_without_a_look_at_each_run_that_has_ended(tmp_path: Path) -> None:
    machine = MadeUpMachine()
    ground = ground_of(tmp_path, machine)
    for number in range(3):
        answer(ground, "start", order(pod_id=f"run-0{number}-a1-abcdefghij"))
        answer(ground, "end", {"pod_id": f"run-0{number}-a1-abcdefghij"})
    looked: list[RunPlace] = []

    def is_alive(place: RunPlace) -> bool:
        looked.append(place)
        return False

    machine.is_alive = is_alive  # type: ignore[method-assign]  # to count the looks
    assert time_there(ground) == machine.now()
    assert looked == []
