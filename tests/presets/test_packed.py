"""The built-in presets come along whichever way the program was installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from pod_image.contract.environment import for_python
from tests.kit.checkout import ROOT

WORDS = (
    "import json, launcher.presets as presets\n"
    "from launcher.config import read_config\n"
    "found = presets.look_at_presets(read_config()).usable\n"
    "print(json.dumps([presets.__file__, [[one.name, one.title, dict(one.values)] for one in found]]))"
)


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source archive."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(_built(ROOT, "sdist", folder)) as archive:
        archive.extractall(folder, filter="data")
    (root,) = (one for one in folder.iterdir() if one.is_dir())
    return root


def test_wheel_sdist_and_editable_install_have_the_same_built_in_presets(
    sdist: Path, tmp_path: Path
) -> None:
    wheel = _unpacked(_built(ROOT, "wheel", tmp_path / "wheel"), tmp_path / "installed")
    of_sdist = _unpacked(_built(sdist, "wheel", tmp_path / "of-sdist"), tmp_path / "from-sdist")
    editable = _unpacked(_built(ROOT, "wheel:editable", tmp_path / "pth"), tmp_path / "editable")
    expected = sorted(path.stem for path in (ROOT / "presets").glob("*.toml"))
    lists = [
        _presets_of(_led_to(editable), tmp_path),
        *(_presets_of(place, tmp_path) for place in (sdist, wheel, of_sdist)),
    ]
    assert [name for name, _, _ in lists[0]] == expected
    assert lists == [lists[0]] * 4
    sentences = _sentences_in(ROOT)
    assert len(sentences) == 14
    assert [_sentences_in(place) for place in (sdist, wheel, of_sdist)] == [sentences] * 3


def test_the_copies_lie_beside_the_module_that_reads_them(sdist: Path) -> None:
    copies = {path.name: path.read_bytes() for path in (sdist / "launcher/presets").glob("*.toml")}
    assert copies == {path.name: path.read_bytes() for path in (ROOT / "presets").glob("*.toml")}


def _sentences_in(place: Path) -> dict[str, bytes]:
    """The files of sentences to read that a page for recording shows."""
    folder = place / "launcher/prompts"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.txt")
    }


def _built(root: Path, target: str, folder: Path) -> Path:
    """What hatchling makes of the checkout at `root`, without another environment and without a network."""
    for name in ("hatchling", "editables"):
        pytest.importorskip(name, reason=f"{name}, which the extra dev brings")
    words = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(words, cwd=root, check=True, capture_output=True, env=for_python(os.environ))
    (made,) = (path for path in folder.iterdir() if path.suffix in (".gz", ".whl"))
    return made


def _led_to(editable: Path) -> Path:
    """Where an editable install takes the program from; it brings no copy of its own."""
    assert not list(editable.rglob("*.toml"))
    (led,) = editable.glob("*.pth")
    (place,) = set(led.read_text("utf-8").split())
    return Path(place)


def _unpacked(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def _presets_of(place: Path, home: Path) -> list[tuple[str, str, dict[str, object]]]:
    """The presets as an interpreter finds them that takes the program from `place`."""
    given = {**for_python(os.environ), "PYTHONPATH": str(place), "LAUNCHER_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", WORDS], cwd=home, env=given, check=True, capture_output=True
    )
    module, found = json.loads(done.stdout)
    assert Path(module).is_relative_to(place), "another copy of the program answered"
    return [(name, title, values) for name, title, values in found]
