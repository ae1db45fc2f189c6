"""A pod's folder with pictures, ai-toolkit's settings as the launcher makes them, and our program in its place."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from launcher.recipes import recipe_of
from pod_image.contract.findings import Severity
from pod_image.contract.settings import RunSettings
from tests.pod_image.recipes.image_lora import stand_in


def toolkit(folder: Path) -> Path:
    """Where the image has ai-toolkit."""
    folder.mkdir(parents=True)
    shutil.copy(stand_in.__file__, folder / "run.py")
    return folder


def settings_for(home: Path, **settings: Any) -> dict[str, Any]:
    return {
        "recipe": "image-lora",
        "dataset_repo": "me/cats",
        "base_model": "me/model",
        "toolkit_folder": str(home),
        "lora_name": "cat_v2",
        "picture_steps": 60,
        "sample_prompts": ["a cat", "a cat on a roof"],
        "checkpoint_minutes": 0.1,
        **settings,
    }


def configured(
    settings: Mapping[str, Any], given: Mapping[str, bytes] | None = None, **meta: Any
) -> bytes:
    """What the launcher sends; saves are made as often as a training of a second has them."""
    values = RunSettings(**settings)
    made = recipe_of(values).configuration(values, given or {})
    assert [one.message for one in made.findings if one.severity is Severity.ERROR] == []
    written: dict[str, Any] = yaml.safe_load(made.files["job.yaml"])
    written["config"]["process"][0]["save"]["save_every"] = 20
    return yaml.safe_dump({**written, "meta": meta}, sort_keys=False).encode()


def with_pictures(dataset: Path) -> None:
    for name in ("one", "two"):
        dataset.mkdir(parents=True, exist_ok=True)
        (dataset / f"{name}.png").write_bytes(b"\x89PNG")
        (dataset / f"{name}.txt").write_text("a cat")
