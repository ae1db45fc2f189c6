"""GPUs of a machine of one's own: which there are, and that each is one run's alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pod_image.contract.own_machine import Kind
from pod_image.own_machine.gpus import Gpu, _read, gpus, is_free, lease
from pod_image.own_machine.refused import Refused

TABLE = """0, GPU-aaaa, NVIDIA GeForce RTX 4090, 24564
1, GPU-bbbb, NVIDIA GeForce RTX 4090, 24564
2, GPU-cccc, NVIDIA RTX A6000, 49140
what is no row
"""
TWO = [Gpu("GPU-aaaa", "RTX 4090", 24), Gpu("GPU-bbbb", "RTX 4090", 24)]


def test_a_card_has_the_memory_that_its_maker_says() -> None:
    assert [(gpu.uuid, gpu.memory_gb) for gpu in _read(TABLE, None)] == [
        ("GPU-aaaa", 24),
        ("GPU-bbbb", 24),
        ("GPU-cccc", 48),
    ]


@pytest.mark.parametrize(
    ("visible", "uuids"),
    [("1", ["GPU-bbbb"]), ("GPU-cc,0", ["GPU-aaaa", "GPU-cccc"]), ("", []), ("-1", [])],
)
def test_a_card_that_the_person_keeps_from_programs_is_not_lent(
    visible: str, uuids: list[str]
) -> None:
    assert [gpu.uuid for gpu in _read(TABLE, visible)] == uuids


def test_a_machine_without_the_drivers_program_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus({}) == []


def test_a_driver_that_fails_has_none_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho Failed to initialize NVML\nexit 9\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert gpus({}) == []


def test_each_gpu_is_one_runs_alone_until_it_is_given_back(tmp_path: Path) -> None:
    first = lease(tmp_path / "locks", TWO, 1)
    second = lease(tmp_path / "locks", TWO, 1)
    assert {gpu.uuid for gpu in (*first.values(), *second.values())} == {"GPU-aaaa", "GPU-bbbb"}
    with pytest.raises(Refused, match="0 of 2 GPUs are free, and 1 is needed") as caught:
        lease(tmp_path / "locks", TWO, 1)
    assert caught.value.kind is Kind.NO_ROOM
    os.close(*first)
    assert [is_free(tmp_path / "locks", gpu) for gpu in TWO] == [True, False]
    os.close(*second)


def test_a_run_that_needs_more_than_is_free_holds_none_of_it(tmp_path: Path) -> None:
    held = lease(tmp_path, TWO, 1)
    with pytest.raises(Refused):
        lease(tmp_path, TWO, 2)
    assert is_free(tmp_path, TWO[1])
    os.close(*held)


def test_the_kernel_gives_a_gpu_back_when_its_run_is_killed(tmp_path: Path) -> None:
    (lock,) = lease(tmp_path, TWO[:1], 1)
    sleeper = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(lock,)
    )
    os.close(lock)
    assert not is_free(tmp_path, TWO[0])
    sleeper.kill()
    sleeper.wait()
    assert is_free(tmp_path, TWO[0])


def test_a_gpu_is_seen_by_other_users_whatever_the_umask_of_the_first_was(tmp_path: Path) -> None:
    """Else it would count as taken for them, long after that run."""
    before = os.umask(0o077)
    try:
        (lock,) = lease(tmp_path / "locks", TWO, 1)
    finally:
        os.umask(before)
    os.close(lock)
    assert (tmp_path / "locks").stat().st_mode & 0o7777 == 0o1777
    assert (tmp_path / "locks" / "GPU-aaaa.lock").stat().st_mode & 0o777 == 0o644


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / "GPU-aaaa.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="cannot be opened"):
        is_free(tmp_path, TWO[0])


def test_locks_that_this_user_cannot_open_are_not_called_taken(tmp_path: Path) -> None:
    """Else everybody would wait for a run that is not there."""
    (tmp_path / "locks").write_text("")
    with pytest.raises(Refused, match="Whether a GPU is free cannot be told") as caught:
        lease(tmp_path / "locks", TWO, 1)
    assert caught.value.kind is Kind.UNFIT
    assert f"chmod 1777 {tmp_path / 'locks'}" in str(caught.value.hint)
