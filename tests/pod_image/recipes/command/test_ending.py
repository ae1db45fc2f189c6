"""A command ends with all that it started, and well only with what it promised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pod_image.process_table import Process
from pod_image.recipes.command.leftovers import WINDOW_SECONDS, Leftovers
from tests.pod_image.recipes.command.commands import worker

STOP = '{"id": "s", "command": "stop"}\n'


def is_alive(folder: Path) -> bool:
    pid = int((folder / "prepared" / "pid").read_text())
    return Path(f"/proc/{pid}").exists()


def test_what_made_itself_a_session_of_its_own_ends_with_the_command(tmp_path: Path) -> None:
    """A trainer's command starts its training apart, and ends without it."""
    script = "setsid sh -c 'echo $$ > pid; exec sleep 60' & while [ ! -s pid ]; do sleep 0.05; done; exit 3"
    code, _ = worker(tmp_path, "sh", "-c", script)
    assert code == 2
    assert not is_alive(tmp_path)


def test_a_training_that_a_command_left_behind_is_waited_for(tmp_path: Path) -> None:
    script = "setsid sh -c 'for n in 1 2 3; do sleep 0.3; echo $n; done; echo late > out/late' &"
    code, _ = worker(tmp_path, "sh", "-c", script)
    assert code == 0
    assert (tmp_path / "out" / "files" / "out" / "late").read_text() == "late\n"


def test_a_stop_is_the_interrupt_that_trainers_save_at(tmp_path: Path) -> None:
    script = "trap 'echo saved > out/saved; exit 0' INT; echo up; while :; do sleep 0.1; done"
    code, events = worker(tmp_path, "sh", "-c", script, commands=STOP, after="up")
    assert code == 0
    assert (tmp_path / "out" / "files" / "out" / "saved").read_text() == "saved\n"
    assert [event["state"] for event in events if event["event"] == "command"] == ["done"]


def test_a_command_that_ends_well_without_its_result_has_failed(tmp_path: Path) -> None:
    code, events = worker(tmp_path, "sh", "-c", "echo x > out/x", required_outputs=["out/*.onnx"])
    assert code == 2
    assert "left nothing new that matches out/*.onnx" in events[-1]["message"]
    assert (tmp_path / "out" / "files" / "out" / "x").exists(), "what there is, is kept"


def test_a_result_that_was_brought_back_is_no_result_of_this_run(tmp_path: Path) -> None:
    kept = tmp_path / "out" / "files" / "out" / "a.onnx"
    kept.parent.mkdir(parents=True)
    kept.write_text("before")
    settings: dict[str, Any] = {"restore": ["out/**"], "required_outputs": ["out/*.onnx"]}
    assert worker(tmp_path, "true", resume=True, **settings)[0] == 2
    assert worker(tmp_path, "sh", "-c", "echo new > out/a.onnx", resume=True, **settings)[0] == 0


def a_process(cpu_seconds: float) -> Process:
    return Process(9, parent=1, session=9, started="1", state="S", cpu_seconds=cpu_seconds)


@pytest.mark.parametrize(
    ("cpu_seconds", "lines", "is_forgotten"), [(5.0, 0, False), (0.5, 0, True), (0.0, 3, False)]
)
def test_what_neither_computes_nor_writes_is_forgotten(
    cpu_seconds: float, lines: int, is_forgotten: bool
) -> None:
    at = [0.0]
    left = Leftovers(lambda: at[0])
    assert not left.is_forgotten([a_process(1.0)], 0)
    at[0] = WINDOW_SECONDS
    later = [a_process(1.0 + cpu_seconds)]
    assert left.is_forgotten(later, lines) is is_forgotten
