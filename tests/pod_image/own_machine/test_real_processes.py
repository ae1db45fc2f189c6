"""The first process of a run, and whether a run lives: with real processes, and programs that behave badly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pod_image.own_machine.first import LATE_SECONDS, late_at
from pod_image.own_machine.identity import Identity, boot_id, living, uptime
from pod_image.own_machine.machine import ThisMachine
from pod_image.own_machine.run_place import RunPlace
from pod_image.process_table import process

PATIENCE_SECONDS = 30.0
FIRST = """
import subprocess, sys
from pathlib import Path
from pod_image.own_machine import first
from pod_image.own_machine.run_place import RunPlace
first.GRACE_SECONDS, first.LATE_SECONDS, first._LONGEST_WAIT_SECONDS = 0.3, 0.3, 0.2
agent = subprocess.Popen(sys.argv[2:])
sys.exit(first.main(agent.pid, RunPlace(Path(sys.argv[1]))))
"""
DEAF = 'trap "" TERM; echo $$ > pid; while :; do sleep 0.1; done'

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def until(happens: Callable[[], Any]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not happens():
        assert time.monotonic() < give_up_at, "it did not happen"
        time.sleep(0.02)


def is_there(pid: int) -> bool:
    found = process(pid)
    return found is not None and not found.is_dead


def listens(pid: int) -> bool:
    """Whether a process has begun to take signals itself."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGHUP - 1) & 1)


@dataclass
class Runs:
    """Runs below a folder. `started`: sessions that are ended with the test, whatever becomes of it."""

    root: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def place(self, name: str = "run-01-a1-abcdefghij", **order: Any) -> RunPlace:
        place = RunPlace(self.root / name)
        place.disk.mkdir(parents=True)
        place.write("order", {"boot_id": boot_id(), **order})
        return place

    def begin(self, place: RunPlace, script: str) -> subprocess.Popen[bytes]:
        """A first process whose agent is this script of the shell."""
        words = [sys.executable, "-P", "-c", FIRST, str(place.root), "sh", "-c", script]
        return self.session(place, words)

    def session(self, place: RunPlace, words: list[str]) -> subprocess.Popen[bytes]:
        begun = subprocess.Popen(
            words, cwd=place.disk, start_new_session=True, stdin=subprocess.DEVNULL
        )
        self.started.append(begun)
        own = process(begun.pid)
        assert own is not None
        note = {"pid": own.pid, "started": own.started, "boot_id": boot_id()}
        place.write("process", note)
        return begun

    def pid_in(self, place: RunPlace, name: str = "pid") -> int:
        path = place.disk / name
        until(lambda: path.is_file() and path.read_text().strip())
        return int(path.read_text())


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    found = Runs(tmp_path)
    yield found
    for each in found.started:
        with suppress(OSError):
            os.killpg(each.pid, signal.SIGKILL)
        each.wait()


@pytest.mark.promise("money-release")
def test_what_the_agent_left_running_ends_with_it(runs: Runs) -> None:
    place = runs.place()
    first = runs.begin(
        place,
        "setsid sh -c 'echo $$ > pid; exec sleep 300' & while [ ! -s pid ]; do sleep 0.05; done; exit 3",
    )
    assert first.wait(PATIENCE_SECONDS) == 3
    assert not is_there(runs.pid_in(place))
    assert place.ended["code"] == 3


def test_one_that_is_told_to_end_ends_its_agent_also_one_that_does_not_listen(runs: Runs) -> None:
    place = runs.place()
    first = runs.begin(place, DEAF)
    agent = runs.pid_in(place)
    until(lambda: listens(first.pid))
    first.terminate()
    assert first.wait(PATIENCE_SECONDS) == 137
    assert not is_there(agent)
    assert place.ended["why"] == "asked"


@pytest.mark.promise("money-caps")
def test_a_run_well_past_its_deadline_is_ended_whatever_its_agent_does(runs: Runs) -> None:
    place = runs.place(deadline=time.time() + 0.5)
    first = runs.begin(place, DEAF)
    assert first.wait(PATIENCE_SECONDS) == 137
    assert place.ended["why"] == "deadline"


@pytest.mark.promise("money-caps")
def test_a_clock_that_was_set_forward_while_it_ran_ends_no_run(runs: Runs) -> None:
    """It began two hours ago by that clock, and has lived for a moment."""
    began = time.time() - 7_200.0
    place = runs.place(created_at=began, deadline=began + 3_600.0)
    first = runs.begin(place, "echo $$ > pid; while [ ! -e enough ]; do sleep 0.05; done")
    runs.pid_in(place)
    until(lambda: listens(first.pid))
    (place.disk / "enough").touch()
    assert first.wait(PATIENCE_SECONDS) == 0
    assert place.ended["why"] == ""


@pytest.mark.promise("money-caps")
def test_what_was_installed_before_the_agent_began_is_of_the_runs_time(runs: Runs) -> None:
    """It was ordered half an hour ago, for an hour."""
    began, at = time.time() - 1_800.0, uptime() - 1_800.0
    place = runs.place(created_at=began, uptime=at, deadline=began + 3_600.0)
    assert late_at(place) == pytest.approx(at + 3_600.0 + LATE_SECONDS)


def test_an_agent_that_was_stopped_is_woken_and_a_terminal_that_goes_away_ends_nothing(
    runs: Runs,
) -> None:
    place = runs.place()
    first = runs.begin(place, "echo $$ > pid; while [ ! -e enough ]; do sleep 0.05; done")
    agent = runs.pid_in(place)
    until(lambda: listens(first.pid))
    first.send_signal(signal.SIGHUP)
    os.kill(agent, signal.SIGSTOP)
    until(lambda: (found := process(agent)) is None or found.state not in ("T", "t"))
    (place.disk / "enough").touch()
    assert first.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize(
    ("last", "code", "stays"),
    [
        ({"event": "ended", "reason": "finished", "not_delivered_count": 0}, 0, False),
        ({"event": "ended", "reason": "finished", "not_delivered_count": 2}, 0, True),
        ({"event": "ended", "reason": "aborted", "not_delivered_count": 0}, 0, True),
        ({"event": "ended", "reason": "finished", "not_delivered_count": 0}, 1, True),
        ({"event": "step", "step": 3}, 0, True),
        ("no event", 0, True),
    ],
)
@pytest.mark.promise("results-verified")
def test_a_working_folder_goes_once_all_of_it_was_delivered_and_never_before(
    runs: Runs, last: object, code: int, stays: bool
) -> None:
    place = runs.place()
    place.events.parent.mkdir(parents=True)
    place.events.write_text(json.dumps({"event": "phase"}) + "\n" + json.dumps(last) + "\n")
    first = runs.begin(place, f"exit {code}")
    first.wait(PATIENCE_SECONDS)
    assert place.disk.is_dir() is stays


def test_a_number_that_another_process_has_now_is_no_run(runs: Runs) -> None:
    place = runs.place()
    stranger = runs.session(place, ["sleep", "300"])
    place.write("process", {**place.process, "started": "1"})
    assert living(place) == set()
    assert ThisMachine().end(place) == set()
    assert is_there(stranger.pid)


def test_after_a_new_start_of_the_machine_no_number_counts(runs: Runs) -> None:
    place = runs.place()
    stranger = runs.session(place, ["sleep", "300"])
    place.write("process", {**place.process, "boot_id": "of yesterday"})
    assert not ThisMachine().is_alive(place) or living(place) == set()
    place.write("order", {"boot_id": "of yesterday"})
    assert ThisMachine().end(place) == set()
    assert is_there(stranger.pid)


@pytest.mark.promise("money-reap")
def test_what_outlives_a_first_process_that_was_killed_is_found_and_ended(runs: Runs) -> None:
    """Its agent, by the lock that it holds, in the session that nobody else can have meanwhile; and its stage."""
    place = runs.place()
    (place.disk / "run").mkdir()
    script = (
        "exec 9> run/agent.lock; flock 9; setsid sh -c 'echo $$ > stage; exec sleep 300' 9>&- & "
        "echo $$ > pid; exec sleep 300"
    )
    first = runs.begin(place, script)
    agent, stage = runs.pid_in(place), runs.pid_in(place, "stage")
    first.kill()
    first.wait()
    assert {agent, stage} <= living(place)
    assert ThisMachine().is_alive(place)
    assert ThisMachine().end(place) == set()
    assert not is_there(agent)
    assert not is_there(stage)


def test_an_agent_that_has_no_lock_yet_is_found_in_the_session_of_its_first_process(
    runs: Runs,
) -> None:
    place = runs.place()
    first = runs.begin(place, "echo $$ > pid; exec sleep 300")
    agent = runs.pid_in(place)
    first.kill()
    first.wait()
    assert living(place) == {agent}
    place.write("process", {**place.process, "started": "1"})
    assert living(place) == set()  # of a session that began long after: another's


def test_a_stage_whose_agent_is_dead_too_is_known_by_the_agents_own_note(runs: Runs) -> None:
    place = runs.place()
    (place.disk / "run").mkdir()
    runs.session(place, ["true"]).wait()
    stage = runs.session(runs.place("run-02-a1-abcdefghij"), ["sleep", "300"])
    own = process(stage.pid)
    assert own is not None
    latch = place.disk / "run" / "latch.json"
    latch.write_text(json.dumps({"stage_pid": own.pid, "stage_started": "1"}))
    assert living(place) == set()
    latch.write_text(json.dumps({"stage_pid": own.pid, "stage_started": own.started}))
    assert living(place) == {stage.pid}


def test_an_identity_is_read_leniently() -> None:
    assert Identity.read({}) is None
    assert Identity.read({"pid": "x", "started": "1"}) is None
    me = process(os.getpid())
    assert me is not None
    assert Identity(me.pid, me.started, boot_id()).is_alive
