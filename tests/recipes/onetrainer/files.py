"""Files of settings as people bring them, and what the launcher makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from launcher.recipes import recipe_of
from launcher.recipes.base import Configuration
from pod_image.contract.findings import Severity
from pod_image.contract.settings import RunSettings

EXPORTED: dict[str, Any] = json.loads((Path(__file__).parent / "exported.json").read_text("utf-8"))
SETTINGS: dict[str, Any] = {
    "recipe": "onetrainer",
    "dataset_repo": "me/pictures",
    "base_model": "me/model",
    "trainer_config": "train.json",
}
UNSET = object()


def changed(values: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The exported file with other values; UNSET takes one out."""
    made = {**(values or EXPORTED), **changes}
    return {name: value for name, value in made.items() if value is not UNSET}


def configuration(given: Any, **settings: Any) -> Configuration:
    """Of one file, as bytes or values, or of a folder of files by their names."""
    values = RunSettings(**{**SETTINGS, **settings})
    is_folder = (
        isinstance(given, dict) and given and all(isinstance(one, bytes) for one in given.values())
    )
    if isinstance(given, bytes):
        files = {"train.json": given}
    elif is_folder:
        files = given
    else:
        files = {"train.json": json.dumps(given).encode()} if given else {}
    return recipe_of(values).configuration(values, files)


def made_of(given: Any, **settings: Any) -> dict[str, Any]:
    """What is sent; the file must have no error."""
    made = configuration(given, **settings)
    assert said(made, Severity.ERROR) == []
    found: dict[str, Any] = json.loads(made.files["train.json"])
    return found


def said(made: Configuration, severity: Severity) -> list[str]:
    return [str(one.message) for one in made.findings if one.severity is severity]


def errors(given: Any, **settings: Any) -> dict[str, str]:
    """By their codes."""
    made = configuration(given, **settings)
    return {one.code: str(one.message) for one in made.findings if one.severity is Severity.ERROR}


def warnings(given: Any, **settings: Any) -> dict[str, str]:
    made = configuration(given, **settings)
    return {one.code: str(one.message) for one in made.findings if one.severity is Severity.WARNING}


def texts(value: Any) -> list[str]:
    """Every text in it, at any depth."""
    if isinstance(value, dict):
        return [each for one in value.items() for part in one for each in texts(part)]
    if isinstance(value, list):
        return [each for one in value for each in texts(one)]
    return [value] if isinstance(value, str) else []
