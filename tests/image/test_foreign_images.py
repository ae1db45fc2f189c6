"""Images of others, as processes in bare roots: the agent settles beside what they bring, and changes none of it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from launcher.config import read_config
from launcher.demo.cloud import DemoCloud, demo_cloud
from launcher.domain.run import Run
from launcher.emulator.runpod import ContainerSpec, ProcessRunner
from launcher.services.common.observations import RunEnded
from launcher.services.common.workbench import open_workbench
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.launching.pod_wheel import pod_wheel
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan, raise_errors
from launcher.stores.secrets import find_keys
from pod_image.contract.outcomes import EndReason
from pod_image.private_python import AGENT_NEEDS, pinned, pins
from tests.image.root import BASE_PATH, NoPackages, enter, make_base, put_in

LOOK = """
import importlib.util as find, json, os, pathlib, sys
found = {"prefix": sys.prefix, "user": os.geteuid(), "path": os.environ["PATH"]}
found["modules"] = [name for name in ("pydantic", "pod_image", "httpx") if find.find_spec(name)]
found["said"] = {name: os.environ.get(name) for name in ("PYTHONPATH", "HF_HUB_OFFLINE")}
try:
    import oldformers
    found["hub"] = oldformers.hub
except ImportError:
    found["hub"] = None
pathlib.Path("out/found.json").write_text(json.dumps(found))
"""
OLDFORMERS = """
import huggingface_hub
assert huggingface_hub.__version__ < "1", "upgraded under our feet"
hub = huggingface_hub.__version__
"""
NEVER_ENDING = "#!/bin/sh\necho 'a page for ever'\nwhile :; do sleep 1; done\n"


@dataclass(frozen=True)
class Image:
    """As its Dockerfile would have it."""

    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    user: int = 0
    workdir: str = "/"


class ImageRunner(ProcessRunner):
    """Pods whose containers are these images; `wheels` is all that pip gets."""

    def __init__(self, folder: Path, images: Mapping[str, Image], wheels: Path) -> None:
        super().__init__(folder, keep_folders=True)
        self._images, self._wheels = images, wheels

    def _command(self, spec: ContainerSpec) -> list[str]:
        image = self._images[spec.image]
        words = [*(spec.entrypoint or image.entrypoint), *spec.args]
        user = [f"--reuid={image.user}", f"--regid={image.user}", "--clear-groups"]
        return enter(
            image.root, ["setpriv", *user, "env", "-C", image.workdir, *words], [self._wheels]
        )

    def _environment(self, spec: ContainerSpec, disk: Path) -> dict[str, str]:
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self._wheels)}
        return {
            "PATH": BASE_PATH,
            "HOME": "/root",
            **pip,
            **self._images[spec.image].environment,
            **spec.env,
        }


@pytest.fixture(scope="module")
def roots() -> Iterator[Path]:
    """A folder with `base`, a Debian whose own Python is all it has, and `wheels`, what the agent needs."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a root folder")
    absent = [name for name in ("apt-get", "dpkg-deb", "unshare") if shutil.which(name) is None]
    if absent:
        pytest.skip(f"{absent[0]} is not installed")
    with TemporaryDirectory(prefix="images-", ignore_cleanup_errors=True) as folder:
        base, wheels = Path(folder) / "base", Path(folder) / "wheels"
        try:
            make_base(base, "bookworm", ("python3.11", "python3"))
        except NoPackages as exc:
            pytest.skip(f"Debian's packages cannot be had: {exc}")
        put_in([], base)
        (base / "usr/local/bin/python").unlink()
        words = [
            "download",
            "-q",
            "--only-binary=:all:",
            "--python-version=3.11",
            "-d",
            str(wheels),
        ]
        wanted = pinned(AGENT_NEEDS, pins(pod_wheel().content))
        subprocess.run([sys.executable, "-P", "-m", "pip", *words, *wanted], check=True)
        yield Path(folder)


def copied(roots: Path, name: str) -> Path:
    """The base under another name; no bytes are written twice."""
    subprocess.run(["cp", "-a", "--link", str(roots / "base"), str(roots / name)], check=True)
    return roots / name


def debians_own(roots: Path) -> Image:
    """Externally managed, and without pip, ensurepip or a program `python`."""
    root = copied(roots, "debian")
    assert (root / "usr/lib/python3.11/EXTERNALLY-MANAGED").is_file()
    assert not (root / "usr/lib/python3.11/ensurepip").exists()
    with (root / "etc/passwd").open(
        "a"
    ) as file:  # as `useradd` would, which no stand-in's pod calls
        file.write("trainer:x:1234:1234::/tmp:/usr/sbin/nologin\n")
    return Image(root)


def a_trainers(roots: Path) -> Image:
    """A venv with an older Hub's library, an entry point that comes to no command, and a user with its home alone."""
    root = copied(roots, "trainers")
    venv = root / "opt/venv"
    packages = venv / "lib/python3.11/site-packages"
    (venv / "bin").mkdir(parents=True)
    packages.mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    (venv / "bin/python").symlink_to("/usr/bin/python3.11")
    (packages / "huggingface_hub").mkdir()
    (packages / "huggingface_hub/__init__.py").write_text('__version__ = "0.36.2"\n')
    (root / "app").mkdir()
    (root / "app/oldformers.py").write_text(OLDFORMERS)
    (root / "start.sh").write_text(NEVER_ENDING)
    (root / "start.sh").chmod(0o755)
    (root / "home/app").mkdir(parents=True)
    os.chown(root / "home/app", 1000, 1000)
    environment = {
        "PATH": f"/opt/venv/bin:{BASE_PATH}",
        "HOME": "/home/app",
        "PYTHONPATH": "/app",
        "HF_HUB_OFFLINE": "1",
    }
    return Image(root, environment, ("/start.sh",), user=1000, workdir="/app")


@pytest.mark.slow
def test_an_agent_settles_in_images_of_others_and_a_command_finds_them_as_they_were(
    roots: Path, tmp_path: Path
) -> None:
    images = {"me/debian:1": debians_own(roots), "me/trainer:1": a_trainers(roots)}
    runner = ImageRunner(tmp_path / "pods", images, roots / "wheels")
    with demo_cloud(tmp_path, runner=runner, images=images) as cloud:
        runs = asyncio.run(
            _all(cloud, tmp_path / "home", {"me/debian:1": "python3", "me/trainer:1": "python"})
        )
        found = {image: _found(tmp_path / "hub", run) for image, run in runs.items()}
    debian, trainers = found["me/debian:1"], found["me/trainer:1"]
    nothing = {"PYTHONPATH": None, "HF_HUB_OFFLINE": None}
    assert debian == {
        "prefix": "/usr", "user": 1234, "path": BASE_PATH, "modules": [], "said": nothing, "hub": None,
    }  # fmt: skip
    assert trainers == {
        "prefix": "/opt/venv",
        "user": 1000,
        "path": f"/opt/venv/bin:{BASE_PATH}",
        "modules": [],
        "said": {"PYTHONPATH": "/app", "HF_HUB_OFFLINE": "1"},
        "hub": "0.36.2",
    }
    assert (images["me/debian:1"].root / "launcher/python/bin/python").is_symlink()
    assert (images["me/trainer:1"].root / "home/app/launcher/python/bin/python").is_symlink()


async def _all(cloud: DemoCloud, home: Path, pythons: Mapping[str, str]) -> dict[str, Run]:
    config = replace(read_config({**cloud.env, "LAUNCHER_HOME": str(home)}), poll_seconds=1.0)
    keys = find_keys(cloud.env)
    ended: dict[str, Run] = {}
    async with open_workbench(config, keys) as bench:
        for image, python in pythons.items():
            given = {
                "recipe": "command",
                "argv": [python, "-c", LOOK],
                "results_repo": cloud.results_repo,
                "image": f"bootstrap:{image}",
                "max_hours": 0.2,
            }
            plan = await make_plan(bench, compose(None, given), keys)
            raise_errors(plan)
            run = await launch(bench, plan, keys)
            async with aclosing(watch(bench, run)) as observations:
                async for seen in observations:
                    if isinstance(seen, RunEnded):
                        ended[image] = seen.run
    return ended


def _found(hub: Path, run: Run) -> dict[str, Any]:
    assert run.end_reason is EndReason.FINISHED, run
    paths = list(hub.rglob(f"{run.run_id}/files/out/found.json"))
    found: dict[str, Any] = json.loads(paths[0].read_text())
    return found
