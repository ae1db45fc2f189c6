"""Which machines may have a run of ours: remembered, and forgotten."""

from __future__ import annotations

from pathlib import Path

from launcher.stores.known_machines import KnownMachines


def test_a_machine_is_remembered_by_every_process_until_it_is_forgotten(tmp_path: Path) -> None:
    known = KnownMachines(tmp_path / "machines")
    assert known.all() == []
    for place in ("ssh:me@192.168.1.20", "ssh:gpubox", "ssh:gpubox"):
        known.note(place)
    assert KnownMachines(tmp_path / "machines").all() == ["ssh:gpubox", "ssh:me@192.168.1.20"]
    known.forget("ssh:gpubox")
    known.forget("ssh:never-noted")
    assert known.all() == ["ssh:me@192.168.1.20"]


def test_a_folder_that_cannot_be_written_keeps_no_run_from_its_start(tmp_path: Path) -> None:
    (tmp_path / "machines").write_text("a file in its place")
    known = KnownMachines(tmp_path / "machines")
    known.note("ssh:gpubox")
    known.forget("ssh:gpubox")
    assert known.all() == []
