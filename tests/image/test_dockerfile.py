"""The Dockerfile: what it says, and that its own steps make a container in which a whole run succeeds."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from launcher import __version__
from launcher.config import read_config
from launcher.demo.cloud import DemoCloud, demo_cloud
from launcher.domain.run import Run
from launcher.presets import find_preset
from launcher.services.common.observations import RunEnded
from launcher.services.common.workbench import open_workbench
from launcher.services.following.watch import watch
from launcher.services.launching.launch import launch
from launcher.services.planning.compose import compose
from launcher.services.planning.plan import make_plan, raise_errors
from launcher.stores.secrets import find_keys
from pod_image.contract import CONTRACT_VERSION
from pod_image.contract.common_settings import DEFAULT_IMAGE
from pod_image.contract.outcomes import EndReason
from tests.image import sizes
from tests.image.dockerfile import Stage, read
from tests.image.hashes import FILES, POD_IMAGE, pins
from tests.image.root import (
    CERTIFICATES,
    NoPackages,
    RootRunner,
    build,
    inside,
    make_base,
    put_in,
    torch_for_processors,
)
from tests.kit.checkout import ROOT
from tests.kit.pod_programs import AGENT_WORDS

DOCKERFILE = ROOT / "Dockerfile"
DEBIAN_AND_PYTHON_MB = 60
PYTHON_PACKAGES = ("python3.11", "python3.11-venv", "python3")


def test_the_base_is_named_by_an_exact_tag_and_its_digest_and_is_the_same_in_both_stages() -> None:
    bases = {stage.base for stage in read(DOCKERFILE)}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+@sha256:[0-9a-f]{64}", bases.pop())


def test_the_labels_carry_this_version_and_this_contract() -> None:
    labels = read(DOCKERFILE)[-1].labels
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["io.pod-launcher.contract"] == str(CONTRACT_VERSION)


def test_the_entry_point_is_the_agent_and_the_last_stage_copies_nothing_else() -> None:
    last = read(DOCKERFILE)[-1]
    assert last.entrypoint == AGENT_WORDS
    copied = [step.text.split()[0] for step in last.steps if step.name == "COPY"]
    assert copied == ["--from=packages", "pod_image"]


def test_the_last_stage_installs_certificates_and_no_compiler() -> None:
    installed = " ".join(step.text for step in read(DOCKERFILE)[-1].steps if step.name == "RUN")
    assert "ca-certificates" in installed
    assert not re.search(r"\b(gcc|g\+\+|build-essential|clang|make)\b", installed)


def test_every_package_is_pinned_to_one_version() -> None:
    for name in ("requirements.txt", "requirements-cuda.txt"):
        assert pins(name)
        assert all(re.fullmatch(r"[\w.]+", version) for version in pins(name).values())


@pytest.mark.parametrize("name", FILES)
def test_every_pin_has_the_hash_of_its_wheel_and_nothing_else_has_one(name: str) -> None:
    lines = (POD_IMAGE / FILES[name]).read_text("utf-8").splitlines()
    hashed = [line.partition(" --hash=") for line in lines if not line.startswith("#")]
    assert dict(line.split("==") for line, _, _ in hashed) == pins(name), "run `make pins`"
    digests = [digest for _, _, digest in hashed]
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in digests)
    assert len(set(digests)) == len(digests)


def test_what_the_image_installs_is_held_to_hashes() -> None:
    """But for the CUDA libraries, which a root without them never asks for, the container's test does it."""
    said = " ".join(step.text for step in read(DOCKERFILE)[0].steps)
    installs = [words.split(" && ")[0].split("||")[0] for words in said.split("pip install ")[1:]]
    assert installs
    for words in installs:
        assert {"--require-hashes", "--no-deps"} <= set(words.split())
    assert {name for name in FILES.values() if f"/tmp/{name}" in said} == set(FILES.values())


def test_the_image_is_no_larger_than_promised_by_the_sizes_of_its_own_wheels() -> None:
    wheels = sizes.measured()
    wanted = pins("requirements.txt") | pins("requirements-cuda.txt")
    del wanted["triton"]  # cut by the Dockerfile
    assert {wheel.name: wheel.version for wheel in wheels} == wanted
    assert sum(wheel.mb for wheel in wheels) + DEBIAN_AND_PYTHON_MB < 3500


def test_the_workflow_holds_the_built_image_to_the_same_size_and_pushes_the_default_one() -> None:
    action = (ROOT / ".github/actions/image/action.yml").read_text()
    assert 'MOST_BYTES: "3500000000"' in action
    assert DEFAULT_IMAGE.endswith(f"/pod-image:{__version__}")
    workflow = (ROOT / ".github/workflows/image.yml").read_text()
    assert "IMAGE: ghcr.io/${{ github.repository_owner }}/pod-image\n" in workflow
    assert '"docker://$IMAGE:$VERSION"' in workflow


def test_make_image_builds_the_default_image_with_the_labels_of_this_code() -> None:
    done = subprocess.run(["make", "-n", "image"], cwd=ROOT, capture_output=True, text=True)
    assert f"--tag {DEFAULT_IMAGE}" in done.stdout
    assert f"VERSION={__version__}" in done.stdout
    assert f"CONTRACT={CONTRACT_VERSION}" in done.stdout


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.fixture(scope="module")
def container() -> Iterator[tuple[Path, Stage, dict[str, str]]]:
    """The root that the Dockerfile's steps leave, its last stage, and the environment."""
    torch = _what_a_root_takes()
    stages = read(DOCKERFILE)
    suite = stages[-1].base.partition("@")[0].rpartition("-")[2]
    with TemporaryDirectory(prefix="pod-image-", ignore_cleanup_errors=True) as folder:
        base = Path(folder) / "base"
        try:
            make_base(base, suite, PYTHON_PACKAGES)
        except NoPackages as exc:
            pytest.skip(f"Debian's packages cannot be had: {exc}")
        roots: dict[str, Path] = {}
        environment: dict[str, str] = {}
        for number, stage in enumerate(stages):
            root = Path(folder) / f"stage-{number}"
            # Names, not bytes: no step writes into a file of the base, they replace it.
            subprocess.run(["cp", "-a", "--link", str(base), str(root)], check=True)
            if not roots:
                put_in(torch, root)
            environment = build(stage, root, ROOT, roots)
            roots[stage.name] = root
        yield root, stages[-1], environment


def _what_a_root_takes() -> list[Path]:
    """torch's folders to put into it; skips where one of the means is missing."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a root folder")
    absent = [name for name in ("apt-get", "dpkg-deb", "unshare") if shutil.which(name) is None]
    if absent:
        pytest.skip(f"{absent[0]} is not installed")
    torch = torch_for_processors()
    if not torch:
        pytest.skip("this torch is not built for processors alone, or not for Python 3.11")
    return torch


@pytest.mark.slow
def test_the_dockerfile_makes_a_container_in_which_a_voice_is_trained(
    container: tuple[Path, Stage, dict[str, str]], tmp_path: Path
) -> None:
    root, stage, environment = container
    program = "import shutil; print(shutil.which('python'), shutil.which('gcc'))"
    assert inside(root, ["python", "-c", program], environment).split() == [
        "/opt/pod/bin/python",
        "None",
    ]
    assert (root / CERTIFICATES).stat().st_size > 100_000
    runner = RootRunner(tmp_path / "pods", root, stage, environment)
    with demo_cloud(tmp_path, runner=runner) as cloud:
        run = asyncio.run(_train(cloud, tmp_path / "home"))
    assert run.end_reason is EndReason.FINISHED, "\n".join(runner.printed[-40:])
    said = (root / "run-folder/run/out/events.jsonl").read_text()
    assert "user 'trainer'" not in said  # the image has the user that the trainer runs as
    assert list((root / "run-folder/run/out/voice").glob("*.onnx"))


async def _train(cloud: DemoCloud, home: Path) -> Run:
    given = {
        "dataset_repo": cloud.dataset_repo,
        "results_repo": cloud.results_repo,
        "max_steps": 1,
        "batch_size": 1,
    }
    config = replace(read_config({**cloud.env, "LAUNCHER_HOME": str(home)}), poll_seconds=1.0)
    keys = find_keys(cloud.env)
    async with open_workbench(config, keys) as bench:
        plan = await make_plan(bench, compose(find_preset(config, "quick-check"), given), keys)
        raise_errors(plan)
        run = await launch(bench, plan, keys)
        async with aclosing(watch(bench, run)) as observations:
            async for seen in observations:
                if isinstance(seen, RunEnded):
                    return seen.run
    raise AssertionError("the last observation of a run is its end")
