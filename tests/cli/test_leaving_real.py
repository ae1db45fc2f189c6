"""Terminals that close, readers that leave, disks that fill and hands that insist: real processes, and no pod stays."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from launcher.emulator.runpod import ScriptedContainer
from launcher.services.common.interrupts import INSISTS_WITHIN_SECONDS
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from tests.kit.real_launches import LONGEST_SECONDS, Home, finished, home_below, started
from tests.services.harness import Script

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals and terminals of POSIX"),
    pytest.mark.slow,
]

LAUNCHER = [sys.executable, "-m", "launcher.cli.app"]
DEPLOY = [
    "deploy",
    "--recipe",
    "command",
    "--results-repo",
    "demo/voice",
    "--boot-minutes",
    "5",
    "--yes",
    "--",
    "true",
]
ANSWER = "Still working."


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with home_below(tmp_path) as found:
        yield found


# --- nobody reads any more


@pytest.mark.parametrize(("works", "code"), [(True, 0), (False, 6)])
def test_a_reader_that_leaves_ends_neither_the_launch_nor_its_clean_up(
    home: Home, works: bool, code: int
) -> None:
    home.armed_after, home.checks_work = 0.5, works
    line = " ".join(["set -o pipefail;", *LAUNCHER, *DEPLOY, "2>&1 | sed '/^Renting/q'"])
    with started(home, ["bash", "-c", line], stderr=None) as process:
        out, _ = process.communicate(timeout=LONGEST_SECONDS)
        assert "Renting" in out
        assert process.returncode == code
    assert home.live() == []


@contextlib.contextmanager
def in_a_terminal(home: Home, *before: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A deploy in a terminal window; the file descriptor whose closing closes the window."""
    window, terminal = os.openpty()

    def take_terminal() -> None:
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    with started(
        home,
        [*before, *LAUNCHER, *DEPLOY],
        env={**home.env, "TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        preexec_fn=take_terminal,
    ) as process:
        os.close(terminal)
        yield process, window


def look_until(window: int, happens: Callable[[], object]) -> None:
    """Somebody sits at the terminal until it happens."""
    give_up_at = time.monotonic() + LONGEST_SECONDS
    while not happens():
        assert time.monotonic() < give_up_at, "it did not happen"
        if select.select([window], [], [], 0.05)[0]:
            os.read(window, 4096)


def test_a_closed_window_releases_the_pod_that_is_not_armed(home: Home) -> None:
    with in_a_terminal(home) as (process, window):
        look_until(window, home.live)
        os.close(window)
        assert process.wait(LONGEST_SECONDS) == 130
    assert home.live() == []


def test_a_hang_up_that_was_ignored_stays_ignored_and_the_launch_goes_on_without_a_terminal(
    home: Home,
) -> None:
    # As nohup does it, which would also take the terminal away from stdout.
    ignoring = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    deaf = (sys.executable, "-c", ignoring + "os.execvp(sys.argv[1], sys.argv[1:])")
    with in_a_terminal(home, *deaf) as (process, window):
        look_until(window, home.live)
        os.close(window)
        time.sleep(0.5)
        assert process.poll() is None
        assert len(home.live()) == 1
        home.armed_after = 0.0
        assert process.wait(LONGEST_SECONDS) == 0
    assert home.live() == []


def test_a_terminal_that_takes_nothing_does_not_keep_a_pod_that_has_to_go(home: Home) -> None:
    home.checks_work = False
    with in_a_terminal(home) as (process, window):
        look_until(window, home.live)
        os.write(window, b"\x13")  # Ctrl-S; a connection that hangs does the same
        time.sleep(1.0)
        home.armed_after = 0.0
        home.until(lambda: not home.live())
        assert process.wait(LONGEST_SECONDS) == 6
        os.close(window)


@pytest.mark.skipif(
    sys.platform != "linux", reason="limits of another process are set on Linux alone"
)
def test_a_disk_that_fills_during_the_launch_leaves_no_pod(home: Home) -> None:
    import resource

    home.checks_work = False
    with started(home, [*LAUNCHER, *DEPLOY]) as process:
        home.until(home.live)
        # From here on no file of this process grows: what a full disk does to it.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))
        home.armed_after = 0.5
        code, said = finished(process)
    assert (code, home.live()) == (6, [])
    assert said.count("cannot be saved") == 1
    assert "was released" in said


@pytest.mark.skipif(
    sys.platform != "linux", reason="limits of another process are set on Linux alone"
)
def test_a_disk_that_is_full_before_the_order_rents_nothing(home: Home) -> None:
    import resource

    home.world.faults.switch_on("slow-replies", seconds=1.0, path="/v2/account/secrets")
    with started(home, [*LAUNCHER, *DEPLOY]) as process:
        home.until(lambda: home.world.account.secrets)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))
        code, said = finished(process)
    assert code == 3
    assert "Nothing was rented" in said
    assert not any(
        seen.method == "POST" and seen.path == "/v2/pods" for seen in home.cloud.runpod.requests
    )
    assert not home.world.account.secrets


# --- a hand that insists


def test_a_second_ctrl_c_is_answered_and_the_release_goes_on(home: Home, tmp_path: Path) -> None:
    said = tmp_path / "stderr"
    with (
        said.open("w") as stderr,
        started(home, [*LAUNCHER, *DEPLOY], stderr=stderr) as process,
    ):
        home.until(home.live)
        (pod_id,) = home.live()
        home.world.faults.switch_on("server-errors")
        process.send_signal(signal.SIGINT)
        home.until(lambda: "Releasing pod" in said.read_text())
        for answers in (1, 2):  # as slow as this they are questions, and no demand
            process.send_signal(signal.SIGINT)
            home.until(lambda: said.read_text().count(ANSWER) == answers)  # noqa: B023  # called at once
            time.sleep(INSISTS_WITHIN_SECONDS + 0.1)
        assert process.poll() is None
        home.world.faults.switch_off()
        assert finished(process)[0] == 130
    assert home.live() == []
    assert not home.world.account.secrets
    answer = said.read_text().partition(ANSWER)[0]
    assert pod_id in answer
    assert "launcher reap" in answer
    assert "Traceback" not in said.read_text()


def test_only_a_third_ctrl_c_within_two_seconds_gives_up_and_says_what_is_left(
    home: Home, tmp_path: Path
) -> None:
    said = tmp_path / "stderr"
    with (
        said.open("w") as stderr,
        started(home, [*LAUNCHER, *DEPLOY], stderr=stderr) as process,
    ):
        home.until(home.live)
        (pod_id,) = home.live()
        home.world.faults.switch_on("server-errors")
        process.send_signal(signal.SIGINT)
        home.until(lambda: "Releasing pod" in said.read_text())
        process.send_signal(signal.SIGINT)
        home.until(lambda: ANSWER in said.read_text())
        process.send_signal(signal.SIGINT)
        assert finished(process)[0] == 130
        home.world.faults.switch_off()
    last = said.read_text().partition("error:")[2]
    assert pod_id in last
    assert "launcher reap" in last
    assert "Traceback" not in said.read_text()


def test_a_closed_terminal_with_all_its_signals_does_not_give_up(home: Home) -> None:
    with started(home, [*LAUNCHER, *DEPLOY]) as process:
        home.until(home.live)
        home.world.faults.switch_on("delete-500", times=2)
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
            time.sleep(0.2)
        code, _ = finished(process)
    assert (code, home.live()) == (130, [])


def test_an_abort_that_is_interrupted_goes_on(home: Home) -> None:
    home.armed_after = None
    with started(home, [*LAUNCHER, *DEPLOY]) as process:
        home.until(home.live)
        (pod_id,) = home.live()
        home.until(lambda: home.world.pods[pod_id].status == "RUNNING")
        process.kill()
    home.world.faults.switch_on("delete-500", times=3)
    with started(home, [*LAUNCHER, "abort", "--yes"]) as process:
        home.until(lambda: any(seen.method == "DELETE" for seen in home.cloud.runpod.requests))
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.3)
        code, said = finished(process)
    assert (code, home.live()) == (0, [])
    assert pod_id in said


# --- the form


FORM = """
import asyncio, os
from dataclasses import replace
from contextlib import nullcontext
from launcher.cli.form_door import say
from launcher.config import read_config
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan
from launcher.stores.secrets import find_keys
from launcher.ui.application import make_site, serve

site = make_site(replace(read_config(), poll_seconds=0.5), environment=os.environ)
keys = find_keys(os.environ)

async def launch():
    async with site.sessions.open_bench(keys) as bench:
        given = {"recipe": "command", "argv": ["true"], "results_repo": "demo/voice", "boot_minutes": 5.0}
        plan = await make_plan(bench, compose(None, given), keys)
    site.live.launches.begin("one", plan, keys, nullcontext)

tasks = []
asyncio.run(serve(site, open_browser=False, say=say,
                  ready=lambda guard: tasks.append(asyncio.ensure_future(launch()))))
"""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_the_form_releases_a_pod_that_is_not_armed_however_it_is_ended(
    home: Home, number: signal.Signals
) -> None:
    with started(home, [sys.executable, "-c", FORM]) as process:
        home.until(home.live)
        (pod_id,) = home.live()
        home.world.faults.switch_on("delete-500", times=2)
        process.send_signal(number)
        time.sleep(0.8)
        process.send_signal(number)
        code, said = finished(process)
    assert (code, home.live()) == (0, [])
    assert pod_id in said
    assert "launcher reap" in said


def test_a_hang_up_that_was_ignored_does_not_end_the_form(home: Home) -> None:
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    with started(home, [sys.executable, "-c", ignoring + FORM]) as process:
        home.until(home.live)
        process.send_signal(signal.SIGHUP)
        time.sleep(1.0)
        assert process.poll() is None
        assert len(home.live()) == 1
        process.send_signal(signal.SIGTERM)
        assert finished(process)[0] == 0
    assert home.live() == []


# --- a cluster cannot be left


def of_nodes(home: Home) -> Callable[[ScriptedContainer], Generator[float, None, int | None]]:
    """Nodes that are ready at once and work for ever."""

    def program(container: ScriptedContainer) -> Generator[float, None, int | None]:
        if container.spec.env["NODE_RANK"] == "0":
            document = RunDocument.from_json(container.spec.env[RUN_VARIABLE])
            script = Script(None, home.world)  # type: ignore[arg-type]  # it delivers nothing
            deadline = document.deadline.isoformat()
            script.say(container, document, "armed", works=True, arms=[], deadline=deadline)
        yield 1e9
        return 0

    return program


@pytest.mark.promise("money-cluster")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whatever_asks_the_watcher_of_a_cluster_to_leave_releases_its_pods(
    home: Home, tmp_path: Path, number: signal.Signals
) -> None:
    said = tmp_path / "stderr"
    home.world.runner.program = of_nodes(home)  # type: ignore[attr-defined]  # a scripted one
    words = [*LAUNCHER, DEPLOY[0], "--nodes", "2", *DEPLOY[1:]]
    with said.open("w") as stderr, started(home, words, stderr=stderr) as process:
        home.until(lambda: "armed: the nodes are ready" in said.read_text())
        assert len(home.live()) == 2
        process.send_signal(number)
        assert finished(process)[0] == 130
    assert home.live() == []
    assert home.world.clusters == {}
    assert "Cluster" in said.read_text()
    assert "was released" in said.read_text()
    assert "Traceback" not in said.read_text()
