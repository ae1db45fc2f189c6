"""The container's first process, as a real PID 1: no key in any environment, no zombie, no agent that stays stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from launcher.emulator.hub import HubEmulator
from launcher.emulator.runpod import RunPodEmulator
from launcher.emulator.runpod.processes import ProcessRunner
from pod_image.agent import init
from pod_image.hub import ensure_results_repo
from tests.kit.checkout import ROOT
from tests.kit.http_server import Server
from tests.kit.hub_access import hub_of
from tests.kit.pod_programs import AGENT_WORDS
from tests.kit.processes import python_for
from tests.kit.real_pods import Clouds

NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")

LOOK_AROUND = """if True:  # as the trainer
    import os, time
    from pathlib import Path

    def zombies():
        count = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                count += ") Z " in path.read_text()
            except OSError:
                pass
        return count

    for _ in range(400):
        child = os.fork()
        if child == 0:
            os.fork()
            os._exit(0)
        os.waitpid(child, 0)
    until = time.monotonic() + 10
    while zombies() and time.monotonic() < until:
        time.sleep(0.1)
    Path("out/zombies.txt").write_text(str(zombies()))
    Path("out/first.txt").write_bytes(Path("/proc/1/environ").read_bytes())
    with open("out/environments.txt", "wb") as seen:
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                seen.write(path.read_bytes())
            except OSError:
                pass
"""


def _may_make_namespaces() -> bool:
    with contextlib.suppress(OSError):
        return subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0
    return False


@pytest.fixture
def clouds() -> Iterator[Clouds]:
    """In a folder that every user may enter."""
    with tempfile.TemporaryDirectory(dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        before = os.umask(0o022)
        runner = ProcessRunner(folder / "pods", grace_seconds=0.3)
        with HubEmulator(folder / "hub") as hub, RunPodEmulator(runner=runner) as cloud:
            access = hub_of(hub)
            ensure_results_repo(access, "demo/results")
            yield Clouds(hub, cloud, folder)
        os.umask(before)


@pytest.mark.promise("secrets-training")
@pytest.mark.skipif(not _may_make_namespaces(), reason="this user may not make a PID namespace")
@pytest.mark.parametrize("user", ["root, who may not trace", "one without rights"])
def test_a_trainer_of_the_agents_own_user_finds_no_key_in_any_environment_and_no_zombie(
    clouds: Clouds, user: str
) -> None:
    rights = ["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace"]
    if user == "one without rights":
        rights = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    path = os.pathsep.join((str(ROOT), sysconfig.get_path("purelib")))
    someone = "nobody" if "without" in user else None
    python = python_for(someone, {"PATH": os.defpath, "PYTHONPATH": path})
    if python is None:
        pytest.skip("no interpreter here can be run by another user")
    begin = f"chmod 777 . && exec {' '.join(rights)} {python} -P -m pod_image"
    program = clouds.root / "look_around.py"
    program.write_text(LOOK_AROUND)
    pod = clouds.rent(
        python,
        str(program),
        entrypoint=[*NAMESPACE, "sh", "-c", begin],
        environment={"PYTHONPATH": path},
    )
    clouds.until_gone()
    assert [each["reason"] for each in clouds.events("ended")] == ["finished"], clouds.log
    found = {
        name: content
        for path, content in clouds.results().items()
        if (name := path.rpartition("/")[2]).endswith(".txt")
    }
    assert found["zombies.txt"] == b"0"
    assert b"LAUNCHER_RUN=" in found["first.txt"], "the first process could not be looked at"
    everything = found["first.txt"] + found["environments.txt"]
    assert pod.key.value.encode() not in everything
    assert clouds.hub.tokens["write"].encode() not in everything


@contextlib.contextmanager
def below_init(program: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The real init over an agent that is this program; and the first line that it says."""
    begin = (
        "import os, subprocess, sys; "
        f"agent = subprocess.Popen([sys.executable, '-P', '-c', {program!r}]); "
        f"os.execv(sys.executable, [sys.executable, '-I', '-S', {init.__file__!r}, str(agent.pid)])"
    )
    command = [sys.executable, "-P", "-c", begin]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        try:
            yield first, first.stdout.readline().strip()
        finally:
            for each in psutil.Process(first.pid).children() if first.poll() is None else ():
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()


UP = "import os, time; print(os.getpid(), flush=True); "


@pytest.mark.parametrize(("end", "code"), [("exit(7)", 7), ("os.kill(os.getpid(), 9)", 137)])
def test_the_container_ends_with_its_agent_and_says_how(end: str, code: int) -> None:
    with below_init(UP + end) as (first, _):
        assert first.wait(20) == code


def test_a_signal_to_the_first_process_reaches_the_agent() -> None:
    with below_init(UP + "time.sleep(60)") as (first, _):
        while not _catches(first.pid, signal.SIGTERM):
            time.sleep(0.01)
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 128 + signal.SIGTERM


def _catches(pid: int, number: int) -> bool:
    """Whether the process has a handler for that signal by now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line.split()[1] for line in lines if line.startswith("SigCgt:"))
    return bool(int(caught, 16) & 1 << (number - 1))


def test_an_agent_that_is_stopped_goes_on() -> None:
    with below_init(UP + "time.sleep(60)") as (_, said):
        agent = psutil.Process(int(said))
        for _ in range(2):
            agent.send_signal(signal.SIGSTOP)
            for is_stopped in (True, False):
                give_up_at = time.monotonic() + 20
                while (agent.status() == psutil.STATUS_STOPPED) is not is_stopped:
                    assert time.monotonic() < give_up_at
                    time.sleep(0.01)


def test_orphans_come_to_an_init_that_is_no_pid_1_too_and_none_stays_a_zombie() -> None:
    orphans = (
        "import sys\nfor _ in range(400):\n"
        "  child = os.fork()\n  if not child: os.fork() or time.sleep(0.05); os._exit(0)\n"
        "  os.waitpid(child, 0)\n"
        "if not os.fork():\n  if not os.fork(): time.sleep(60)\n  os._exit(0)\n"
        "time.sleep(60)"
    )
    with below_init(UP.rstrip() + "\n" + orphans) as (first, said):
        init_process = psutil.Process(first.pid)

        def others() -> list[str]:
            found = []
            for each in init_process.children():
                with contextlib.suppress(psutil.NoSuchProcess):  # reaped meanwhile
                    found += [each.status()] if each.pid != int(said) else []
            return found

        give_up_at = time.monotonic() + 30
        while others() != [psutil.STATUS_SLEEPING]:
            assert time.monotonic() < give_up_at, others()
            time.sleep(0.05)


def test_an_agent_that_cannot_begin_ends_its_pod(tmp_path: Path) -> None:
    broken = tmp_path / "packages"
    broken.mkdir()
    (broken / "httpx.py").write_text("raise ImportError('another version is needed')")
    with Server((204, b"", {})).up() as cloud:
        process = subprocess.Popen(
            [sys.executable, *AGENT_WORDS[1:]],
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={
                "PYTHONPATH": os.pathsep.join((str(broken), str(ROOT))),
                "RUNPOD_API_BASE_URL": cloud.url,
                "RUNPOD_POD_ID": "pod-1",
                "RUNPOD_API_KEY": "demo-pod-key",
                "LAUNCHER_RUN": '{"run_id": "run-01"}',
            },
        )
        assert cloud.is_done.wait(30)
        for each in (*psutil.Process(process.pid).children(recursive=True), process):
            each.kill()
        said = process.communicate()[0]
    assert cloud.seen == [("DELETE", "/v2/pods/pod-1", "Bearer demo-pod-key")]
    last = json.loads(said.splitlines()[-1])
    assert (last["event"], last["reason"], last["run_id"]) == ("ended", "boot_failed", "run-01")
    assert "ImportError" in last["detail"]
