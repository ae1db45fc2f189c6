"""Pods as real processes behind a real socket: environment, output, restart, and nothing left behind."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from launcher.emulator.runpod import RunPodEmulator, Timing
from launcher.emulator.runpod.processes import ProcessContainer, ProcessRunner
from tests.emulator.runpod.contract import Contract, Watched
from tests.emulator.runpod.live import client, log_lines, processes_with, until
from tests.kit.clouds import pod_body
from tests.kit.pod_programs import AGENT_WORDS

QUICK = Timing(provisioning_seconds=0.1, restart_seconds=0.1, removal_seconds=0.1)


@pytest.fixture
def cloud(tmp_path: Path, contract: Contract) -> Iterator[RunPodEmulator]:
    watched: list[Watched] = []

    def watch(app: Any) -> Watched:
        watched.append(Watched(app))
        return watched[0]

    with RunPodEmulator(tmp_path / "pods", timing=QUICK, watch=watch) as cloud:
        yield cloud
    for exchange in watched[0].exchanges:
        contract.check(exchange)


@pytest.fixture
def http(cloud: RunPodEmulator) -> Iterator[httpx.Client]:
    with client(cloud) as http:
        yield http


def python(code: str) -> str:
    return shlex.join(["python", "-u", "-c", code])


def rent(http: httpx.Client, args: str, **changes: Any) -> str:
    reply = http.post("/v2/pods", json=pod_body(args=args, **changes))
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


def first_line(http: httpx.Client, pod_id: str) -> str:
    lines = log_lines(http, pod_id, params={"source": "container"})
    return next(line["line"] for line in lines)


def test_a_pod_runs_its_command_in_its_own_folder(
    cloud: RunPodEmulator, http: httpx.Client, tmp_path: Path
) -> None:
    pod = rent(http, python("import os, time; print(os.getcwd()); time.sleep(60)"))
    folder = first_line(http, pod)
    assert folder == str(tmp_path / "pods" / pod / "disk")


def test_a_pod_sees_its_variables_how_many_threads_it_may_have_and_nothing_else_of_ours(
    http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_OWN", "private")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    http.post("/v2/account/secrets", json={"name": "hub", "value": "demo-secret"})
    code = "import os, time; print(*sorted(os.environ)); print(os.environ['TOKEN']); time.sleep(60)"
    pod = rent(http, python(code), env={"TOKEN": "{{ RUNPOD_SECRET_hub }}"})
    lines = log_lines(http, pod, params={"source": "container"})
    names = set(next(lines)["line"].split())
    assert next(lines)["line"] == "demo-secret"
    ours = {"TOKEN", "RUNPOD_POD_ID", "RUNPOD_API_KEY", "PATH", "HOME", "OMP_NUM_THREADS"}
    assert ours <= names
    assert "OUR_OWN" not in names
    assert {name for name in names if not name.startswith(("RUNPOD_", "PIP_"))} <= {
        "TOKEN", "PATH", "HOME", "LANG", "PYTHONPATH", "CUDA_VERSION", "LC_CTYPE", "OMP_NUM_THREADS",
    }  # fmt: skip


def test_a_pod_reads_and_ends_itself_with_its_own_key(
    cloud: RunPodEmulator, http: httpx.Client
) -> None:
    code = """if True:
        import json, os, time, urllib.request
        def ask(method):
            url = os.environ["BASE"] + "/v2/pods/" + os.environ["RUNPOD_POD_ID"]
            headers = {"Authorization": "Bearer " + os.environ["RUNPOD_API_KEY"]}
            return urllib.request.urlopen(urllib.request.Request(url, headers=headers, method=method))
        print(json.load(ask("GET"))["status"])
        open("reply", "w").write(str(ask("DELETE").status))
        time.sleep(60)
    """
    pod = rent(http, python(code), env={"BASE": cloud.url})
    until(lambda: not cloud.world.pods[pod].is_live)
    reply = cloud.world.runner.folder(pod) / "disk" / "reply"  # type: ignore[attr-defined]  # a runner of processes
    assert until(lambda: reply.exists() and reply.read_text()) == "204"
    until(lambda: cloud.world.pods[pod].container is None)
    kinds = [request.key_kind for request in cloud.requests if request.method == "DELETE"]
    assert kinds == ["pod"]


def test_an_exited_command_is_started_again_on_the_same_disk(
    cloud: RunPodEmulator, http: httpx.Client
) -> None:
    pod = rent(http, python("print('again', file=open('marks', 'a'))"))
    until(lambda: cloud.world.pods[pod].container_starts >= 3)
    assert http.get(f"/v2/pods/{pod}").json()["status"] == "RUNNING"
    marks = cloud.world.runner.folder(pod) / "disk" / "marks"  # type: ignore[attr-defined]  # a runner of processes
    assert until(lambda: marks.exists() and marks.read_text().count("again") >= 2)


def test_a_stopped_pod_finds_its_disk_empty(cloud: RunPodEmulator, http: httpx.Client) -> None:
    code = "import os, time; print(os.listdir()); open('mark', 'w'); time.sleep(60)"
    pod = rent(http, python(code))
    assert first_line(http, pod) == "[]"
    http.post(f"/v2/pods/{pod}/action", json={"action": "stop"})
    http.post(f"/v2/pods/{pod}/action", json={"action": "start"})
    assert first_line(http, pod) == "[]"


def test_a_command_that_is_not_there_is_told_in_the_log(http: httpx.Client) -> None:
    pod = rent(http, "no-such-program --now")
    assert first_line(http, pod) == "exec: no-such-program: No such file or directory"


def test_an_image_without_a_command_waits(cloud: RunPodEmulator, http: httpx.Client) -> None:
    pod = rent(http, "")
    container = until(lambda: cloud.world.pods[pod].container)
    command = psutil.Process(until(lambda: container.main_pid)).cmdline()
    assert command == ["sleep", "infinity"]


def test_our_image_runs_the_pod_package_from_where_the_launcher_has_it(
    tmp_path: Path,
) -> None:
    runner = ProcessRunner(tmp_path)
    assert runner.is_own("ghcr.io/pod-launcher/pod-image:0.1.0")
    assert not runner.is_own("runpod/pytorch:2.8")
    with (
        RunPodEmulator(tmp_path, timing=QUICK, own_images=("acme/*",)) as cloud,
        client(cloud) as http,
    ):
        pod = rent(http, "--some argument")
        container = until(lambda: cloud.world.pods[pod].container)
        command = psutil.Process(container._process.pid).cmdline()
        assert command[-6:] == [sys.executable, *AGENT_WORDS[1:], "--some", "argument"]


def test_exec_runs_beside_the_command_in_its_folder_and_environment(http: httpx.Client) -> None:
    pod = rent(http, python("import time; open('mark', 'w'); print('up'); time.sleep(60)"))
    assert first_line(http, pod) == "up"
    code = "import os, sys; print(os.listdir(), os.environ['RUNPOD_POD_ID']); sys.exit(4)"
    reply = http.post(f"/v2/pods/{pod}/exec", json={"command": ["python", "-c", code]}).json()
    assert (reply["stdout"], reply["exitCode"]) == (f"['mark'] {pod}\n", 4)
    slow = {"command": ["sleep", "20"], "timeoutSeconds": 1}
    reply = http.post(f"/v2/pods/{pod}/exec", json=slow).json()
    assert (reply["timedOut"], reply["exitCode"]) == (True, None)
    absent = http.post(f"/v2/pods/{pod}/exec", json={"command": ["no-such-program"]}).json()
    assert absent["exitCode"] == 127


def grandchild(word: str) -> str:
    """Starts a process in a session of its own, which ignores SIGTERM and outlives its parent."""
    stubborn = f"import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(99)  # {word}"
    return f"""if True:
        import subprocess, sys, time
        inner = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', {stubborn!r}],"
        inner += " start_new_session=True)"
        subprocess.run([sys.executable, "-c", inner])
        print("started")
        time.sleep(99)
    """


@pytest.mark.parametrize("end", ["terminate", "kill", "close"])
def test_nothing_of_a_pod_is_left_not_even_an_orphan_in_another_session(
    tmp_path: Path, end: str
) -> None:
    word = uuid.uuid4().hex
    with RunPodEmulator(tmp_path, timing=QUICK) as cloud, client(cloud) as http:
        pod = rent(http, python(grandchild(word)))
        assert first_line(http, pod) == "started"
        assert until(lambda: len(processes_with(word)) > 1)
        container = cloud.world.pods[pod].container
        assert isinstance(container, ProcessContainer)
        if end == "terminate":
            http.delete(f"/v2/pods/{pod}")
            until(lambda: not processes_with(word))
        if end == "kill":
            cloud.world.timing = Timing(restart_seconds=1e9)
            os.kill(until(lambda: container.main_pid), signal.SIGKILL)
            until(lambda: not processes_with(word))
    assert processes_with(word) == []


def test_nothing_is_left_when_the_emulator_itself_is_killed(tmp_path: Path) -> None:
    word = uuid.uuid4().hex
    script = f"""if True:
        import sys, time
        from pathlib import Path
        from launcher.emulator.runpod import RunPodEmulator
        with RunPodEmulator(Path(sys.argv[1])) as cloud:
            cloud.world.rent({pod_body(args=python(grandchild(word)))!r})
            time.sleep(99)
    """
    emulator = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    try:
        until(lambda: len(processes_with(word)) > 2)
    finally:
        emulator.kill()
        emulator.wait()
    until(lambda: not processes_with(word))


def test_a_lost_reply_breaks_a_real_connection(cloud: RunPodEmulator, http: httpx.Client) -> None:
    cloud.world.faults.switch_on("create-dropped-but-rents", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/v2/pods", json=pod_body())
    assert len(http.get("/v2/pods").json()["pods"]) == 1


def test_a_silent_create_outlasts_the_clients_patience(
    cloud: RunPodEmulator, http: httpx.Client
) -> None:
    cloud.world.faults.switch_on("create-timeout-but-rents", times=1)
    with pytest.raises(httpx.ReadTimeout):
        http.post("/v2/pods", json=pod_body(), timeout=httpx.Timeout(60.0, read=0.3))
    assert len(http.get("/v2/pods").json()["pods"]) == 1


def test_a_cut_log_stream_breaks_a_real_connection(
    cloud: RunPodEmulator, http: httpx.Client
) -> None:
    pod = rent(http, python("import time; print(*range(9), sep='\\n'); time.sleep(60)"))
    until(lambda: len(cloud.world.pods[pod].log.lines()) > 9)
    cloud.world.faults.switch_on("log-stream-cuts", times=1, lines=2)
    seen = []
    with pytest.raises(httpx.RemoteProtocolError):
        seen += [line["line"] for line in log_lines(http, pod)]
    assert cloud.world.faults.struck == {"log-stream-cuts": 1}


def test_a_log_is_followed_while_it_is_written(http: httpx.Client) -> None:
    code = "import time\nfor n in range(99): print(n); time.sleep(0.05)"
    pod = rent(http, python(code))
    lines = log_lines(http, pod, params={"source": "container"})
    assert [next(lines)["line"] for _ in range(5)] == ["0", "1", "2", "3", "4"]


def test_an_open_log_stream_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        with RunPodEmulator(tmp_path, timing=QUICK) as cloud:
            http = stack.enter_context(client(cloud))
            stream = log_lines(http, rent(http, ""))
            assert next(stream)["source"] == "system"
            began = time.monotonic()
        # The end of the stream is orderly: nothing was left hanging.
        assert all(line["source"] == "system" for line in stream)
        assert time.monotonic() - began < 9


def test_a_description_is_served_when_one_is_given(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text('{"openapi": "3.1.0"}')
    with RunPodEmulator(tmp_path, description=path) as cloud:
        assert httpx.get(f"{cloud.url}/v2/openapi.json").json() == {"openapi": "3.1.0"}
