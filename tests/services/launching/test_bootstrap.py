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
from launcher.services.common.images import image_of, is_bootstrap
from launcher.services.launching.bootstrap import wheel_path
from launcher.services.launching.launch import launch
from launcher.services.launching.pod_wheel import PACKAGE, make_wheel, pod_wheel
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


@in_virtual_time
async def test_a_launch_puts_the_wheel_into_the_repo_and_orders_the_command_that_fetches_it(
    tmp_path: Path,
) -> None:
    harness = LauncherHarness(tmp_path)
    run = await launch(harness.bench, plan(settings={"image": "bootstrap"}), harness.keys)
    pod = harness.world.pods[run.pod_id]
    assert pod.image == PYTORCH_IMAGE
    assert pod.env["LAUNCHER_FOLDER"] == "launcher"
    words = shlex.split(pod.args)
    assert words[:2] == ["python", "-c"]
    assert words[3:] == [
        f"{harness.config.hub_url}/{RESULTS_REPO}/resolve/main/{wheel_path()}",
        pod_wheel().sha256,
    ]
    packed = words[2].partition('b64decode("')[2].partition('"')[0]
    assert zlib.decompress(base64.b64decode(packed)) == (PACKAGE / "bootstrap.py").read_bytes()
    assert not any(token in json.dumps([pod.args, pod.env]) for token in TOKENS.values())


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
