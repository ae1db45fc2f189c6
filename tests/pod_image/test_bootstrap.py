"""The first seconds of a pod whose image is not ours."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pod_image import bootstrap
from pod_image.contract import places
from pod_image.contract.bodies import Ended
from pod_image.contract.events import from_line
from pod_image.contract.image_python import (
    IMAGE_PYTHON_VARIABLE,
    IMAGE_VARIABLES_VARIABLE,
    image_variables,
)
from pod_image.contract.outcomes import EndReason
from tests.kit.http_server import Answer, Server
from tests.kit.processes import fill

WHEEL = b"a wheel"
SHA256 = hashlib.sha256(WHEEL).hexdigest()


def test_the_wheel_is_fetched_again_after_faults_that_pass() -> None:
    with Server((503, b"", {}), (404, b"", {}), (200, WHEEL, {})).up() as hub:
        assert bootstrap.fetch(hub.url + "/x.whl", "demo-token", pause_seconds=0) == WHEEL
    assert hub.seen == [("GET", "/x.whl", "Bearer demo-token")] * 3


def test_a_redirect_to_another_server_does_not_take_the_token_along() -> None:
    with (
        Server((200, WHEEL, {})).up() as store,
        Server((302, b"", {"Location": store.url + "/blob"})).up() as hub,
    ):
        assert bootstrap.fetch(hub.url + "/x.whl", "demo-token") == WHEEL
    assert hub.seen[0][2] == "Bearer demo-token"
    assert store.seen == [("GET", "/blob", None)]


def test_a_refused_token_is_not_tried_again() -> None:
    with (
        Server((401, b"", {})).up() as hub,
        pytest.raises(bootstrap.Trouble, match="refuses the upload token"),
    ):
        bootstrap.fetch(hub.url, "demo-token", pause_seconds=0)


def test_a_hub_that_never_answers_is_given_up_with_its_last_word() -> None:
    with (
        Server(*[(500, b"", {})] * 3).up() as hub,
        pytest.raises(bootstrap.Trouble, match="it answered 500"),
    ):
        bootstrap.fetch(hub.url, "demo-token", tries=3, pause_seconds=0)


def test_another_wheel_than_the_one_that_was_launched_is_refused() -> None:
    bootstrap.check(WHEEL, SHA256)
    with pytest.raises(bootstrap.Trouble, match="not the one"):
        bootstrap.check(WHEEL + b"!", SHA256)


def test_the_source_is_standard_library_alone() -> None:
    tree = ast.parse(Path(bootstrap.__file__).read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= set(sys.stdlib_module_names)
    ast.parse(Path(bootstrap.__file__).read_text(), feature_version=(3, 7))


def started(hub: Server, cloud: Server, folder: Path, stdout: Any) -> subprocess.Popen[str]:
    """The real program in a pod whose wheel is another one, with no waits between its tries."""
    environment = {
        "PATH": os.environ["PATH"],
        "RUNPOD_API_BASE_URL": cloud.url,
        "RUNPOD_POD_ID": "pod-1",
        "RUNPOD_API_KEY": "demo-key",
        "LAUNCHER_RUN": '{"run_id": "run-01"}',
    }
    source = Path(bootstrap.__file__).read_text()
    for name, seconds in (("LINGER", 5.0), ("GONE", 30.0), ("AGAIN", 20.0)):
        source = source.replace(f"{name}_SECONDS = {seconds}", f"{name}_SECONDS = 0.0")
    return subprocess.Popen(
        [sys.executable, "-P", "-c", source, hub.url + "/x.whl", "0" * 64],
        stdout=stdout,
        stderr=stdout,
        text=True,
        cwd=folder,
        env=environment,
    )


@pytest.mark.parametrize(
    ("image", "given", "for_the_agent", "for_the_command"),
    [
        (
            {"PYTHONPATH": "/app", "HF_HOME": "/models", "PATH": "/bin"},
            {"HF_UPLOAD_TOKEN": "t"},
            {"PATH": "/bin", "HF_UPLOAD_TOKEN": "t"},
            {"PYTHONPATH": "/app", "HF_HOME": "/models"},
        ),
        ({"HF_HUB_OFFLINE": "1"}, {}, {}, {"HF_HUB_OFFLINE": "1"}),
        (
            {"HF_ENDPOINT": "https://mirror.test"},
            {},
            {},
            {"HF_ENDPOINT": "https://mirror.test"},
        ),
        ({}, {"HF_ENDPOINT": "https://hub.test/"}, {"HF_ENDPOINT": "https://hub.test/"}, {}),
    ],
)
def test_what_an_image_says_to_its_python_and_to_the_hubs_library_is_for_the_command_alone(
    image: dict[str, str],
    given: dict[str, str],
    for_the_agent: dict[str, str],
    for_the_command: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An image's mirror of the Hub would be handed the run's tokens, and its offline mode would deliver nothing."""
    url = "https://hub.test/me/results/resolve/main/x.whl"
    found = bootstrap.agents_environment({**image, **given}, Path("/home"), url)
    ours = {bootstrap.FOLDER: "/home", bootstrap.IMAGE_PYTHON: sys.executable}
    monkeypatch.setenv(bootstrap.IMAGE_VARIABLES, found.pop(bootstrap.IMAGE_VARIABLES))
    assert found == {**for_the_agent, **ours}
    assert image_variables() == for_the_command
    assert (bootstrap.IMAGE_PYTHON, bootstrap.IMAGE_VARIABLES) == (
        IMAGE_PYTHON_VARIABLE,
        IMAGE_VARIABLES_VARIABLE,
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders other modes for others")
def test_the_agent_settles_where_its_user_may_write_and_nobody_else_can_put_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAUNCHER_FOLDER", raising=False)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "usual").mkdir()
    modes = {each: bootstrap.is_safe(tmp_path / each / "launcher") for each in ("open", "closed")}
    assert modes == {"open": False, "closed": False}
    usual = [parent for parent in (tmp_path / "usual").parents if not parent.stat().st_mode & 1]
    for parent in usual:  # pytest's own folders are for one user
        parent.chmod(0o711)
    assert bootstrap.is_safe(tmp_path / "usual" / "launcher")
    monkeypatch.setenv("RUNPOD_API_BASE_URL", "http://127.0.0.1:9")
    assert bootstrap.is_safe(tmp_path / "closed" / "launcher"), "a demo's, on somebody's computer"


def test_an_image_without_certificates_is_lent_those_of_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert bootstrap.trusted().get_ca_certs()


def test_a_pod_that_cannot_become_an_agent_says_why_and_ends_itself(tmp_path: Path) -> None:
    refused: Answer = (500, b"", {})
    with (
        Server((200, WHEEL, {})).up() as hub,
        Server(refused, refused, (200, b"{}", {})).up() as cloud,
    ):
        process = started(hub, cloud, tmp_path, subprocess.PIPE)
        assert cloud.is_done.wait(30)
        process.kill()
        lines = process.communicate()[0].splitlines()
    events = [event for line in lines if (event := from_line(line)) is not None]
    ended = events[0].body
    assert isinstance(ended, Ended)
    assert ended.reason is EndReason.BOOT_FAILED
    assert "not the one" in ended.detail
    # It goes on without a wait here: what it asks before it is killed is not counted.
    assert [(method, path) for method, path, _ in cloud.seen[:3]] == [
        ("DELETE", "/v2/pods/pod-1"),
        ("POST", "/v2/pods/pod-1/action"),
        ("POST", "/v2/pods/pod-1/action"),
    ]
    assert {key for *_, key in cloud.seen} == {"Bearer demo-key"}


@pytest.mark.parametrize("output", ["full", "closed"])
def test_a_pod_whose_output_nobody_reads_ends_itself_all_the_same(
    tmp_path: Path, output: str
) -> None:
    reader, writer = os.pipe()
    if output == "full":
        fill(writer)
    else:
        os.close(reader)
    with Server((200, WHEEL, {})).up() as hub, Server((204, b"", {})).up() as cloud:
        process = started(hub, cloud, tmp_path, writer)
        assert cloud.is_done.wait(30)
        process.kill()
        process.wait()
    os.close(writer)
    assert cloud.seen[0][0] == "DELETE"


@pytest.mark.promise("money-release")
def test_a_pod_that_lives_after_a_release_that_was_taken_tries_the_next_way(
    tmp_path: Path,
) -> None:
    taken: Answer = (204, b"", {})
    odd: Answer = (
        0,
        b"",
        {},
    )  # no status that HTTP knows: not what urllib calls an error of the system
    with (
        Server((200, WHEEL, {})).up() as hub,
        Server(taken, taken, taken, odd, taken).up() as cloud,
    ):
        process = started(hub, cloud, tmp_path, subprocess.DEVNULL)
        assert cloud.is_done.wait(30)
        process.kill()
        process.wait()
    actions = [json.loads(body)["action"] if body else "delete" for body in cloud.bodies]
    assert actions[:5] == ["delete", "terminate", "stop", "delete", "terminate"]


def test_an_installation_that_hangs_ends_the_pod(tmp_path: Path) -> None:
    program = (
        "import time; from pod_image import bootstrap; bootstrap.LINGER_SECONDS = 0.0; "
        "bootstrap.install = lambda url, sha256: time.sleep(60); "
        "bootstrap.INSTALL_SECONDS = 0.1; bootstrap.main('http://hub.test/x.whl', '0' * 64)"
    )
    with Server((204, b"", {})).up() as cloud:
        environment = {
            "RUNPOD_API_BASE_URL": cloud.url,
            "RUNPOD_POD_ID": "pod-1",
            "PYTHONPATH": str(Path(bootstrap.__file__).parents[1]),
        }
        command = [sys.executable, "-P", "-c", program]
        process = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL
        )
        assert cloud.is_done.wait(30)
        process.kill()
        process.wait()
    assert cloud.seen[0][0] == "DELETE"


def test_the_bootstrap_knows_the_places_as_the_contract_has_them() -> None:
    known = {name: (each.pod_id, each.key, each.url) for name, each in places.PLACES.items()}
    assert (known, places.DEFAULT_PLACE) == (bootstrap.PLACES, bootstrap.DEFAULT_PLACE)
    assert set(bootstrap.WAYS) <= set(known)


@pytest.mark.parametrize("document", ["", "[]", '{"place": 3}', '{"place": "runpod"}', "{}"])
def test_the_bootstrap_finds_its_place_as_the_agent_does(document: str) -> None:
    for given in ({}, {"RUNPOD_POD_ID": "pod-1"}):
        environment = {**given, "LAUNCHER_RUN": document}
        assert bootstrap.place_in(environment) == places.place_of_pod(environment, document)


def test_a_pod_that_ends_with_its_container_says_why_and_exits(tmp_path: Path) -> None:
    """At a place whose pods have no other way, whoever goes on would be paid for."""
    program = (
        "from pod_image import bootstrap; bootstrap.LINGER_SECONDS = 0.1; "
        "bootstrap.PLACES['shed'] = ('SHED_POD', '', ''); bootstrap.end_pod('It is raining.')"
    )
    environment = {
        "SHED_POD": "1",
        "LAUNCHER_RUN": '{"run_id": "run-01", "place": "shed"}',
        "PYTHONPATH": str(Path(bootstrap.__file__).parents[1]),
    }
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    events = [event for line in done.stdout.splitlines() if (event := from_line(line)) is not None]
    assert [event.body.detail for event in events if isinstance(event.body, Ended)] == [
        "It is raining."
    ]
