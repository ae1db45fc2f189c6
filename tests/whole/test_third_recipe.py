"""Adding a recipe touches its three folders and a preset: one that is no part of the program runs in a copy of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit.checkout import ROOT

HERE = Path(__file__).parent / "third_recipe"
GOES_TO = {
    "contract.py": "pod_image/contract/recipes/counting.py",
    "launcher_half.py": "launcher/recipes/counting/recipe.py",
    "pod_half.py": "pod_image/recipes/counting/recipe.py",
    "pod_program.py": "pod_image/recipes/counting/__main__.py",
    "counting.toml": "presets/counting.toml",
    "on_a_command/contract.py": "pod_image/contract/recipes/greeting.py",
    "on_a_command/launcher_half.py": "launcher/recipes/greeting/recipe.py",
    "on_a_command/pod_half.py": "pod_image/recipes/greeting/recipe.py",
}
IMPORTED = {  # where the type checker finds them, and where they are in the copy
    "tests.whole.third_recipe.contract": "pod_image.contract.recipes.counting",
    "tests.whole.third_recipe.on_a_command.contract": "pod_image.contract.recipes.greeting",
}


def copy_with_the_recipe(root: Path) -> None:
    """The code as it is, and the recipe's files beside; nothing that is there is changed."""
    for folder in ("launcher", "pod_image", "presets"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, goal in GOES_TO.items():
        path = root / goal
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        text = (HERE / name).read_text("utf-8")
        for here, there in IMPORTED.items():
            text = text.replace(here, there)
        path.write_text(text, "utf-8")
        if path.name == "recipe.py":
            (path.parent / "__init__.py").touch()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("with-a-third-recipe")
    copy_with_the_recipe(root)
    done = subprocess.run(
        [sys.executable, "-P", str(HERE / "whole_way.py")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=root,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert Path(found["launcher"]).is_relative_to(root)
    return found


def test_its_settings_are_documented_checked_and_refused_like_any_other(
    told: dict[str, Any],
) -> None:
    assert "| `--rounds` | `3` | 1 to 1,000 rounds | recipe is counting |" in told["settings"]
    assert ", or files are counted, or somebody is greeted" in told["settings"]
    assert told["incomplete"]["code"] == 2  # it requires a dataset
    assert told["foreign"]["code"] == 2  # a voice's setting


def test_its_plan_is_made_of_what_it_says(told: dict[str, Any]) -> None:
    said = told["plan"]
    assert said["code"] == 0
    assert "counting the files 4 times" in said["out"]
    assert "about 2 min" in said["out"]
    assert "a guess for each round" in said["out"]
    assert "RTX A4000" not in said["out"]  # has not the memory that it asks for


def test_it_is_deployed_run_by_the_agent_and_summarised(told: dict[str, Any]) -> None:
    assert told["deploy"]["code"] == 0, told["deploy"]
    show = json.loads(told["show"]["out"])
    assert show["end_reason"] == "finished"
    assert (show["settings"]["recipe"], show["settings"]["rounds"]) == ("counting", 4)
    assert "4 steps, loss 0.375 to 0.375" in told["deploy"]["out"]  # means over five
    assert "train: files are counted" in told["deploy"]["err"]
    assert [phase["name"] for phase in show["phases"]][:3] == ["boot", "fetch", "train"]
    delivered = [one["path"] for one in json.loads(told["results"]["out"])["files"]]
    assert "run-01/counts/report.txt" in delivered


def test_one_that_is_built_on_a_command_only_says_which_words_run(told: dict[str, Any]) -> None:
    assert "greeting the moon" in told["greeting"]["err"]
    assert told["greeting"]["code"] == 0, told["greeting"]
    delivered = [one["path"] for one in json.loads(told["greeting_results"]["out"])["files"]]
    assert "run-02/files/out/card.txt" in delivered
