"""Real processes: pipes of any length, exit codes, whole trees ended, the guard's key out of sight."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pod_image.agent import process_tree
from pod_image.agent.guard import AgentProcess
from pod_image.agent.ports import GuardOrders, ProcessSpec
from pod_image.agent.processes import SystemGuard, SystemProcesses, SystemStage
from pod_image.agent.system import in_thread
from pod_image.process_table import living_processes, members
from tests.kit.checkout import ROOT
from tests.kit.processes import python_for


class Started:
    """A Python program as a stage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[str] = []
        self.output: list[str] = []

    async def run(self, program: str, *, takes_instructions: bool = False) -> SystemStage:
        spec = ProcessSpec(
            argv=(sys.executable, "-c", program),
            folder=self.folder,
            environment={"PATH": os.defpath, "PYTHONUNBUFFERED": "1"},
            takes_instructions=takes_instructions,
        )
        return await SystemProcesses().start(spec, self.events.append, self.output.append)


EMIT = "import os; say = lambda b: os.write(int(os.environ['LAUNCHER_EVENTS_FD']), b)\n"


async def test_events_output_and_exit_code_arrive(tmp_path: Path) -> None:
    started = Started(tmp_path)
    stage = await started.run(EMIT + "say(b'one\\ntwo\\n'); print('out'); raise SystemExit(2)")
    assert await stage.wait() == 2
    assert started.events == ["one", "two"]
    assert started.output == ["out"]


async def test_a_line_of_any_length_and_a_progress_bar_are_read(tmp_path: Path) -> None:
    started = Started(tmp_path)
    stage = await started.run("print('x' * 3_000_000); print('10%\\r20%\\r30%'); print('end')")
    assert await stage.wait() == 0
    assert sum(len(line) for line in started.output if set(line) == {"x"}) == 3_000_000
    assert started.output[-4:] == ["10%", "20%", "30%", "end"]


async def test_commands_arrive_on_standard_input(tmp_path: Path) -> None:
    started = Started(tmp_path)
    stage = await started.run("print(input())", takes_instructions=True)
    await stage.send('{"command": "stop"}')
    assert await stage.wait() == 0
    assert started.output == ['{"command": "stop"}']
    await stage.send("too late")


async def test_a_grandchild_that_holds_the_pipes_is_not_waited_for(tmp_path: Path) -> None:
    started = Started(tmp_path)
    program = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(p.pid)"
    )
    stage = await started.run(program)
    began = time.monotonic()
    assert await stage.wait() == 0
    assert time.monotonic() - began < 20
    grandchild = int(started.output[0])
    os.kill(grandchild, 9)


async def test_ending_a_stage_ends_all_it_started_in_whatever_session(tmp_path: Path) -> None:
    started = Started(tmp_path)
    program = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "nap = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "own = subprocess.Popen(nap, start_new_session=True)\n"
        "print(subprocess.Popen(nap).pid, own.pid)\n"
        "time.sleep(60)"
    )
    stage = await started.run(program)
    while not started.output:  # noqa: ASYNC110  # told by another process
        await asyncio.sleep(0.02)
    pids = [stage.pid, *map(int, started.output[0].split())]
    await stage.end(0.3)
    assert await stage.wait() == -9
    assert not [
        pid
        for pid in pids
        if process_tree.started(pid) and pid in members({pid}, living_processes())
    ]


async def test_what_the_kernel_does_not_let_go_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_tree, "_UNKILLABLE_SECONDS", 0.1)
    monkeypatch.setattr(process_tree, "_signal", lambda pids, number: None)
    stage = await Started(tmp_path).run("import time; time.sleep(60)")
    async with asyncio.timeout(30.0):
        await stage.end(0.1)
    os.kill(stage.pid, 9)
    await stage.wait()


async def test_leftovers_of_an_earlier_life_are_ended_and_others_are_not(tmp_path: Path) -> None:
    nap = [sys.executable, "-c", "import time; time.sleep(60)"]
    process = subprocess.Popen(nap)  # noqa: ASYNC220  # it has to be reaped by hand below
    processes = SystemProcesses()
    try:
        await processes.clear_leftovers(process.pid, "another time")
        assert process.poll() is None
        reaping = asyncio.create_task(asyncio.to_thread(process.wait))
        await processes.clear_leftovers(process.pid, processes.started(process.pid))
        assert await reaping == -15
    finally:
        process.kill()
        process.wait()


async def test_short_programs_that_fail_hang_or_are_absent_have_no_answer() -> None:
    processes = SystemProcesses()
    assert await processes.answer(("echo", "hello"), 10.0) == "hello\n"
    assert await processes.answer(("no-such-program",), 10.0) is None
    assert await processes.answer(("false",), 10.0) is None
    assert await processes.answer(("sleep", "60"), 0.05) is None


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[SystemGuard]:
    pod = {"place": "runpod", "api_url": "http://127.0.0.1:9", "pod_id": "pod-1"}
    guard = SystemGuard(GuardOrders({**pod, "key": "demo-pod-key"}, tmp_path, None))
    yield guard
    with contextlib.suppress(ProcessLookupError):
        guard._process.send_signal(signal.SIGCONT)
    guard.end()
    guard._process.wait()


def until_it_answers(guard: SystemGuard) -> None:
    """Beat until the guard answers: it has its orders then."""
    give_up_at = time.monotonic() + 60
    while True:
        assert guard.is_well()
        guard.beat(1_000.0)
        time.sleep(0.02)
        if guard.is_well() and guard._unanswered_since is None and guard._unsent is None:
            return
        assert time.monotonic() < give_up_at


def test_the_guards_key_is_in_no_argument_and_no_environment(guard: SystemGuard) -> None:
    process = guard._process
    guard.beat(1_000.0)
    while not (seen := Path(f"/proc/{process.pid}/cmdline").read_bytes()):
        time.sleep(0.01)  # its memory is being made
    with contextlib.suppress(PermissionError):  # it has closed that file by now
        seen += Path(f"/proc/{process.pid}/environ").read_bytes()
    assert b"pod_image.agent.guard" in seen
    assert b"demo-pod-key" not in seen


def test_the_guard_gets_its_key_only_when_nobody_can_read_it_any_more(guard: SystemGuard) -> None:
    sent: list[dict[str, Any]] = []
    guard._write = lambda document: sent.append(document)  # type: ignore[method-assign]  # listens in
    guard.beat(1_000.0)
    assert sent == []
    guard._answers, theirs = os.pipe()
    os.set_blocking(guard._answers, False)
    assert guard.is_well()
    assert sent == []
    os.write(theirs, b".")
    os.close(theirs)
    assert guard.is_well()
    assert [document["pod"]["key"] for document in sent] == ["demo-pod-key"]


def test_the_guard_has_its_orders_also_when_the_agents_loop_never_turns(guard: SystemGuard) -> None:
    give_up_at = time.monotonic() + 60
    while guard._unsent is not None:
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_guard_that_is_killed_or_stopped_is_not_well(
    guard: SystemGuard, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    until_it_answers(guard)
    monkeypatch.setattr("pod_image.agent.processes.GUARD_ANSWER_SECONDS", 0.5)
    guard._process.send_signal(number)
    give_up_at = time.monotonic() + 30
    while guard.is_well():
        guard.beat(1_000.0)
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_a_guard_that_was_not_asked_owes_no_answer(
    guard: SystemGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    until_it_answers(guard)
    monkeypatch.setattr("pod_image.agent.processes.GUARD_ANSWER_SECONDS", 0.01)
    time.sleep(0.05)  # as after a stop of the agent itself
    assert guard.is_well()


def test_the_guard_sees_an_agent_that_is_stopped_and_ends_no_other_of_its_number() -> None:
    nap = subprocess.Popen([sys.executable, "-P", "-c", "import time; time.sleep(60)"])
    try:
        orders = {"agent_pid": nap.pid, "agent_started": process_tree.started(nap.pid)}
        agent = AgentProcess(-1, orders)
        assert not agent.is_stopped()
        nap.send_signal(signal.SIGSTOP)
        while not agent.is_stopped():
            time.sleep(0.01)
        AgentProcess(-1, {**orders, "agent_started": "another time"}).kill()
        assert nap.poll() is None
        agent.kill()
        assert nap.wait(10) == -signal.SIGKILL
        assert not agent.is_stopped()
    finally:
        nap.kill()
        nap.wait()


async def test_a_blocking_call_hands_on_its_result_and_its_fault() -> None:
    assert await in_thread(lambda: 41 + 1) == 42
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


async def test_a_blocking_call_that_hangs_can_be_left_to_itself() -> None:
    comes_back = threading.Event()
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await in_thread(comes_back.wait)
    finally:
        comes_back.set()


def test_a_process_that_holds_a_key_can_neither_be_read_nor_leave_a_core_file() -> None:
    program = (
        "import ctypes, resource; from pod_image.agent.hardening import forbid_reading; "
        "forbid_reading(); "
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "0", "0"]


def test_the_guard_closes_itself_to_others_before_it_hears_the_key() -> None:
    user = "nobody" if os.geteuid() == 0 else None
    root, packages = ROOT, sysconfig.get_path("purelib")
    environment = {"PATH": os.defpath, "PYTHONPATH": f"{root}{os.pathsep}{packages}"}
    python = python_for(user, environment)
    if python is None:
        pytest.skip("no interpreter here can be run by another user")
    guard = subprocess.Popen(
        [python, "-P", "-m", "pod_image.agent.guard", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd="/",
        env=environment,
        user=user,
    )
    try:
        give_up_at = time.monotonic() + 60
        # The system gives the files of a process that may not be read to root.
        while Path(f"/proc/{guard.pid}/environ").stat().st_uid != 0:
            assert guard.poll() is None
            assert time.monotonic() < give_up_at
            time.sleep(0.02)
    finally:
        guard.kill()
        guard.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start processes as another user")
async def test_a_stage_of_another_user_cannot_read_the_agents_environment() -> None:
    said: list[str] = []
    spec = ProcessSpec(
        argv=("sh", "-c", "id -un; cat /proc/$PPID/environ || echo refused"),
        folder=Path("/"),
        environment={"PATH": os.defpath},
        user="nobody",
    )
    stage = await SystemProcesses().start(spec, said.append, said.append)
    assert await stage.wait() == 0
    assert said[0] == "nobody"
    assert said[-1] == "refused"


def test_without_the_images_user_stages_stay_with_the_agents_own(tmp_path: Path) -> None:
    user, why = SystemProcesses().trainer_user(tmp_path)
    if user is None and os.geteuid() == 0:
        assert "trainer" in why
    else:
        assert why == ""
