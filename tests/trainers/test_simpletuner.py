"""SimpleTuner's published package itself: the names that we know, and what pip takes on a Python that it is not for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from launcher.recipes import recipe_of
from launcher.recipes.simpletuner.reading import known_names
from pod_image.contract.recipes.simpletuner import VERSION
from pod_image.contract.settings import RecipeName, RunSettings
from pod_image.recipes.simpletuner.recipe import PYTHONS


def python_for_it() -> str:
    """A Python that it is for; the test says why not where there is none."""
    first, end = PYTHONS
    for minor in range(first[1], end[1]):
        found = shutil.which(f"python3.{minor}")
        if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
            return found
    pytest.skip(f"no Python from {first} on and below {end} is here")


def fetched(python: str, folder: Path, package: str) -> Path:
    words = (
        python,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(folder),
        package,
    )
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="module")
def words_of_the_package(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """Every word between quotes in its Python files, without the dashes before an option."""
    wheel = fetched(python_for_it(), tmp_path_factory.mktemp("wheel"), f"simpletuner=={VERSION}")
    words: set[str] = set()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".py"):
                words.update(
                    re.findall(r"[\"'](?:--)?([A-Za-z0-9_.]+)[\"']", archive.read(name).decode())
                )
    return frozenset(words)


def test_every_name_that_we_know_is_in_the_package(words_of_the_package: frozenset[str]) -> None:
    assert sorted(known_names() - words_of_the_package) == []


def test_every_setting_that_we_write_is_in_the_package(
    words_of_the_package: frozenset[str],
) -> None:
    own = RunSettings(recipe=RecipeName("simpletuner"), base_model="a/b", sample_prompts=("x", "y"))
    files = recipe_of(own).configuration(own, {}).files
    backends = json.loads(files["multidatabackend.json"])
    written = {*json.loads(files["config.json"]), *(name for each in backends for name in each)}
    assert sorted(written - words_of_the_package) == []
    marks = {".guard", "training_metrics.jsonl", "training_state.json", "validation_images"}
    assert sorted(marks - words_of_the_package) == []


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python is one that it is for")
def test_on_an_older_python_pip_takes_an_old_release_without_a_word(tmp_path: Path) -> None:
    file = fetched(sys.executable, tmp_path, "simpletuner")
    assert not file.name.startswith(f"simpletuner-{VERSION}")
    print(f"pip took {file.name}")
