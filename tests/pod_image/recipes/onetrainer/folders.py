"""A pod's folder with a dataset, a file of settings as the launcher makes it, and our stand-in for OneTrainer."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launcher.recipes import recipe_of
from pod_image.contract.settings import RunSettings
from tests.pod_image.recipes.onetrainer import stand_in


def installed(folder: Path) -> Path:
    """Where our program stands for OneTrainer, with an environment of its own as the real one has."""
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(stand_in.__file__, folder / "scripts" / "train.py")
    (folder / "venv" / "bin").mkdir(parents=True)
    (folder / "venv" / "bin" / "python").symlink_to(sys.executable)
    return folder


def settings_for(home: Path, **settings: Any) -> dict[str, Any]:
    return {
        "recipe": "onetrainer",
        "dataset_repo": "me/pictures",
        "base_model": "me/model",
        "onetrainer_folder": str(home),
        "sample_prompts": ["a photo of a cat"],
        **settings,
    }


def made_files(settings: Mapping[str, Any], given: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """What the launcher sends, by the launcher's own half."""
    values = RunSettings(**settings)
    made = recipe_of(values).configuration(values, given)
    assert [one.message for one in made.findings if one.severity == "error"] == []
    return made.files


def with_pictures(dataset: Path, *folders: str) -> None:
    for name in folders or ("",):
        (dataset / name).mkdir(parents=True, exist_ok=True)
        (dataset / name / "one.jpg").write_bytes(b"\xff\xd8")


def put_configuration(
    run: Path, settings: Mapping[str, Any], given: Mapping[str, bytes] | None = None
) -> dict[str, Any]:
    """Into the command's folder, as the agent does; the places that it names are filled in later."""
    files = made_files(settings, given or {})
    for name, content in files.items():
        path = run / "prepared" / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    values: dict[str, Any] = json.loads(files["train.json"])
    return values
