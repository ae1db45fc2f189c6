"""Runs without an image of ours: the wheel, where it is put, and the command that fetches it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shlex
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from launcher.providers.registry import default_place
from launcher.providers.runpod.place import PYTORCH_IMAGE
from launcher.services.common.images import REMEDY, image_of, is_bootstrap
from launcher.services.launching.bootstrap import (
    _FIND_A_PYTHON,
    ENTRY,
    findings_on_image,
    wheel_path,
)
from launcher.services.launching.launch import launch
from launcher.services.launching.pip_wheel import pip_wheel
from launcher.services.launching.pod_wheel import PACKAGE, make_wheel, pod_wheel
from pod_image import bootstrap
from pod_image.contract.bodies import Ended
from pod_image.contract.events import from_line
from pod_image.contract.findings import Severity
from pod_image.contract.outcomes import EndReason
from pod_image.hub import Repo, list_files, resolve_commit
from tests.kit.clouds import RESULTS_REPO, TOKENS
from tests.kit.plans import plan
from tests.kit.virtual_time import in_virtual_time
from tests.services.harness import LauncherHarness

FILES = {"__init__.py": b"", "deep/er.py": b"x = 1\n"}


def test_the_same_code_gives_the_same_bytes() -> None:
    again = make_wheel(dict(reversed(FILES.items())), "1.2.3")
    assert make_wheel(FILES, "1.2.3") == again
    assert again.sha256 == hashlib.sha256(again.content).hexdigest()
    assert make_wheel({**FILES, "deep/er.py": b"x = 2\n"}, "1.2.3").sha256 != again.sha256


def test_the_wheel_holds_the_whole_package_and_nothing_that_was_compiled() -> None:
    with zipfile.ZipFile(io.BytesIO(pod_wheel().content)) as archive:
        names = archive.namelist()
    for path in ("__main__.py", "control.py", "requirements.txt", "recipes/piper/trainer.py"):
        assert f"pod_image/{path}" in names
    assert not any("__pycache__" in name or name.startswith("launcher") for name in names)


def test_pip_installs_the_wheel_and_it_is_what_this_checkout_has(tmp_path: Path) -> None:
    wheel = tmp_path / pod_wheel().file_name
    wheel.write_bytes(pod_wheel().content)
    target = tmp_path / "installed"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*command, "--target", str(target), str(wheel)], check=True)
    installed = contents(target / "pod_image")
    assert "requirements-cuda.txt" in installed
    assert installed == contents(PACKAGE)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below, but for what Python makes of it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_every_module_of_a_recipe_can_be_imported_from_the_wheel_alone(tmp_path: Path) -> None:
    wheel = tmp_path / pod_wheel().file_name
    wheel.write_bytes(pod_wheel().content)
    modules = [f"pod_image.recipes.{name}.__main__" for name in ("command", "piper")]
    program = (
        f"import sys; sys.path.insert(0, {str(wheel)!r}); "
        f"import {', '.join(modules)}, pod_image.control, pod_image.agent.story as story; "
        "print(story.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.strip() == f"{wheel}/pod_image/agent/story.py", done.stderr


@pytest.mark.parametrize(
    ("setting", "image"),
    [
        ("bootstrap", PYTORCH_IMAGE),
        ("bootstrap:me/torch:1", "me/torch:1"),
        ("me/bootstrap:1", "me/bootstrap:1"),
    ],
)
def test_which_image_is_ordered(setting: str, image: str) -> None:
    assert image_of(setting, default_place()) == image
    assert is_bootstrap(setting) is (setting != image)


@pytest.mark.parametrize(
    ("image", "python"),
    [
        ("python:3.10-slim", "3.10"),
        ("docker.io/library/python:3.9", "3.9"),
        ("runpod/pytorch:2.1.0-py3.10-cuda11.8.0-devel-ubuntu22.04", "3.10"),
        ("me/trainer:cu118-py38", "3.8"),
        ("python:3.11", ""),
        ("python:3.12-slim@sha256:ab", ""),
        ("runpod/pytorch:2.8.0-py3.11-cuda12.8.1", ""),
        ("me/happy3.10:latest", ""),
        ("ostris/aitoolkit:latest", ""),
    ],
)
def test_a_plan_refuses_an_image_whose_name_says_that_its_python_is_too_old(
    image: str, python: str
) -> None:
    (found,) = findings_on_image(f"bootstrap:{image}", default_place())
    assert (found.severity is Severity.ERROR) is bool(python)
    said = str(found.message)
    assert f"has Python {python}; the agent needs 3.11" in said if python else "is changed" in said


@pytest.mark.parametrize("has_arrays", [True, False])
@in_virtual_time
async def test_a_launch_puts_the_wheels_into_the_repo_and_orders_the_command_that_fetches_them(
    tmp_path: Path, has_arrays: bool
) -> None:
    """In the place of the image's own entry point; where the cloud knows no such order yet, behind it."""
    harness = LauncherHarness(tmp_path)
    if not has_arrays:
        harness.world.extras.switch_off("command-arrays")
    run = await launch(harness.bench, plan(settings={"image": "bootstrap"}), harness.keys)
    pod = harness.world.pods[run.pod_id]
    assert pod.image == PYTORCH_IMAGE
    assert pod.env["LAUNCHER_FOLDER"] == "launcher"
    words = [*(pod.entrypoint or []), *(pod.cmd or [])] if has_arrays else shlex.split(pod.args)
    assert (pod.entrypoint == list(ENTRY)) is has_arrays
    assert words[:2] == list(ENTRY)
    pip = pip_wheel()
    assert pip is not None
    below = f"{harness.config.hub_url}/{RESULTS_REPO}/resolve/main"
    assert words[5:] == [
        f"{below}/{wheel_path()}",
        pod_wheel().sha256,
        f"{below}/{wheel_path(pip)}",
        pip.sha256,
    ]
    packed = words[4].partition('b64decode("')[2].partition('"')[0]
    assert zlib.decompress(base64.b64decode(packed)) == (PACKAGE / "bootstrap.py").read_bytes()
    shown = json.dumps([pod.args, pod.cmd, pod.env])
    assert not any(token in shown for token in TOKENS.values())


@pytest.mark.parametrize("has_curl", [True, False])
@in_virtual_time
async def test_an_image_without_any_python_says_so_and_is_ended_where_it_can_be(
    tmp_path: Path, has_curl: bool
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(settings={"image": "bootstrap"}), harness.keys)
    words = [*ENTRY, *(harness.world.pods[run.pod_id].cmd or [])]
    words[2] = words[2].replace("sleep 5", "sleep 0").replace("sleep 20", "exit 7")
    # The last two places are looked at by their whole path.
    words[2] = words[2].replace("/opt/", "/no-such-place/")
    programs = tmp_path / "programs"
    programs.mkdir()
    if has_curl:
        (programs / "curl").write_text(
            f"#!/bin/sh\n/bin/cat - > {tmp_path}/said; echo $@ >> {tmp_path}/said\n"
        )
        (programs / "curl").chmod(0o755)
    (programs / "sleep").symlink_to("/bin/true")
    pod = {"RUNPOD_POD_ID": "pod-1", "RUNPOD_API_KEY": "demo-key", "PATH": str(programs)}
    done = subprocess.run(  # noqa: ASYNC221  (nothing else has to go on meanwhile)
        words, env=pod, capture_output=True, text=True, timeout=20
    )
    event = from_line(done.stdout.splitlines()[0])
    assert event is not None
    assert isinstance(event.body, Ended)
    assert event.run_id == run.run_id
    assert event.body.reason is EndReason.BOOT_FAILED
    assert "no Python" in event.body.detail
    assert event.body.hint == REMEDY == bootstrap.REMEDY
    assert done.returncode == 7, "it goes on for as long as it lives"
    if has_curl:
        key, words_of_curl = (tmp_path / "said").read_text().splitlines()
        assert key == 'header = "Authorization: Bearer demo-key"'
        assert words_of_curl == "-sf -K - -X DELETE https://api.runpod.io/v2/pods/pod-1"


def test_an_older_python_gets_as_far_as_to_say_so(tmp_path: Path) -> None:
    """The newest that is there is taken; without a new one the pod's end names the version."""
    shell = f"{_FIND_A_PYTHON}; exit 1".replace("/opt/", "/no-such-place/")
    for name, code in (("python3", "10"), ("python", "8"), ("python3.12", "12")):
        # Answers as that version would, and tells what it was started with.
        asked = f'exec {sys.executable} -c "import sys; sys.version_info = (3, {code}); $2"'
        (tmp_path / name).write_text(
            f'#!/bin/sh\ncase "$2" in import*exit*) {asked};; esac; echo {name} $2 $3\n'
        )
        (tmp_path / name).chmod(0o755)
    words = [*ENTRY, shell, "no python", "CODE", "url"]
    found = subprocess.run(words, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert found.stdout == "python3.12 CODE url\n", found.stderr
    (tmp_path / "python3.12").unlink()
    found = subprocess.run(words, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert found.stdout == "python3 CODE url\n"


@in_virtual_time
async def test_the_wheel_is_put_there_once_and_is_no_run(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    results = harness.bench.results(RESULTS_REPO)
    await launch(harness.bench, plan(settings={"image": "bootstrap"}), harness.keys)
    commit = await results.commit()
    await launch(harness.bench, plan("run-02", settings={"image": "bootstrap"}), harness.keys)
    assert await results.commit() == commit
    files = list_files(
        harness.hub,
        Repo(RESULTS_REPO, "model"),
        resolve_commit(harness.hub, Repo(RESULTS_REPO, "model")),
    )
    wheel = next(each for each in files if each.path == wheel_path())
    assert wheel.size_bytes == len(pod_wheel().content)
    assert await results.run_ids() == []


@in_virtual_time
async def test_an_image_of_ours_gets_no_command_and_no_wheel(tmp_path: Path) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(), harness.keys)
    assert harness.world.pods[run.pod_id].args == ""
    assert "LAUNCHER_FOLDER" not in harness.world.pods[run.pod_id].env
    commit = await harness.bench.results(RESULTS_REPO).commit()
    assert list_files(harness.hub, Repo(RESULTS_REPO, "model"), commit, "_bootstrap") == []
