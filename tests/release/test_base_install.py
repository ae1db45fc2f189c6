"""`make dist`, and the wheel installed into an environment that has nothing else: what a person gets from an index."""

from __future__ import annotations

import email
import os
import shutil
import subprocess
import sys
from email.message import Message
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from pod_image.contract.environment import for_python
from tests.kit.checkout import ROOT
from tests.release import base_walk
from tests.release.packages import read


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Archive and wheel, as the target makes them, with the hatchling that the tests' own environment has."""
    folder = tmp_path_factory.mktemp("dist")
    bin_folder = Path(sys.executable).parent
    words = ["make", "-o", ".venv/.dist", "dist", f"DIST={folder}", f"BIN={bin_folder}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    archive, wheel = sorted(folder.iterdir(), key=lambda path: path.suffix == ".whl")
    assert all(path.name in done.stdout for path in (archive, wheel)), "their checksums are shown"
    return archive, wheel


@pytest.fixture(scope="module")
def metadata(built: tuple[Path, Path]) -> Message:
    return email.message_from_bytes(read(built[1]).metadata)


def test_the_names_are_those_that_an_index_expects(built: tuple[Path, Path]) -> None:
    archive, wheel = (path.name for path in built)
    assert archive.startswith("pod_launcher-")
    assert archive.endswith(".tar.gz")
    assert wheel == archive.removesuffix(".tar.gz") + "-py3-none-any.whl"


def test_every_python_from_3_11_on_takes_it(metadata: Message) -> None:
    wanted = SpecifierSet(metadata["Requires-Python"])
    assert all(name in wanted for name in ("3.11", "3.12.1", "3.13.0", "3.14.2", "3.15"))
    assert "3.10.13" not in wanted
    classifiers = metadata.get_all("Classifier", [])
    for version in ("3.11", "3.12", "3.13", "3.14"):
        assert f"Programming Language :: Python :: {version}" in classifiers


def test_a_page_of_an_index_says_who_made_it_and_where_it_comes_from(metadata: Message) -> None:
    links = dict(line.split(", ") for line in metadata.get_all("Project-URL", []))
    assert set(links) == {"Homepage", "Documentation", "Changelog", "Source", "Issues"}
    assert all(link.startswith(links["Source"]) for link in links.values())
    assert metadata["Author"]
    assert [c for c in metadata.get_all("Classifier", []) if c.startswith("Development Status")]


def test_the_base_asks_for_no_library_that_trains_or_reads_sound(metadata: Message) -> None:
    asked = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    always = {each.name for each in asked if not each.marker or each.marker.evaluate({"extra": ""})}
    assert {"psutil", "lz4", "starlette", "uvicorn"} <= always
    assert always & {"torch", "numpy", "onnx", "onnxruntime", "av", "piper-tts"} == set()


def test_a_bare_environment_with_the_wheel_alone_does_a_whole_run(
    built: tuple[Path, Path], metadata: Message, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    run([sys.executable, "-m", "venv", "--without-pip", str(bare)])
    python = bare / "bin" / "python"
    site = next((bare / "lib").glob("python*")) / "site-packages"
    # What the wheel asks for comes from the tests' own environment: an index takes a minute, and is not always there.
    linked = link_what_is_asked_for(metadata, site)
    assert {"typer", "pydantic", "uvicorn"} <= linked
    # The pip of here installs into there. Nothing is compiled ahead: that costs more than the rest of the test.
    words = ["--python", str(python), "install", "--quiet", "--no-compile", "--no-index"]
    run([sys.executable, "-m", "pip", *words, str(built[1])])
    walked = run([sys.executable, "-I", base_walk.__file__, str(python)])
    assert walked.stdout.count("ok: ") == len(walked.stdout.splitlines()) > 4
    assert not [name for name in ("torch", "numpy", "soundfile") if (site / name).exists()]
    shutil.rmtree(bare)


def link_what_is_asked_for(metadata: Message, site: Path) -> set[str]:
    """The packages that the wheel asks for, and what these ask for, and nothing else; their names."""
    waiting = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    waiting = [each for each in waiting if not each.marker or each.marker.evaluate({"extra": ""})]
    asked: set[tuple[str, str]] = set()
    linked: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        found = distribution(name)
        assert found.version in wanted.specifier, f"{name} {found.version} is here, not {wanted}"
        if name not in linked:
            linked.add(name)
            link_files(found, site)
        for extra in {"", *wanted.extras} - {extra for each, extra in asked if each == name}:
            asked.add((name, extra))
            more = map(Requirement, found.requires or ())
            waiting += [
                each for each in more if not each.marker or each.marker.evaluate({"extra": extra})
            ]
    return linked


def link_files(found: Distribution, site: Path) -> None:
    for path in found.files or ():
        source = Path(path.locate())
        if ".." in path.parts or not source.is_file():
            continue  # programs, which name the Python of here
        target = site / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:  # another disk
            shutil.copy2(source, target)


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(words, env=for_python(os.environ), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done
