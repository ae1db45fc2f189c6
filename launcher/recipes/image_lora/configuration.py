"""What is sent of a person's file for ai-toolkit, or of one that is made of our settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from launcher.recipes.base import Configuration
from launcher.recipes.found import Found, listed
from launcher.recipes.image_lora.checks import (
    say_unknown_variables,
    say_what_cannot_be,
    trained_process,
)
from launcher.recipes.image_lora.kinds import KINDS
from launcher.recipes.image_lora.making import made
from launcher.recipes.image_lora.placing import WORDS, Placer
from launcher.recipes.image_lora.written import ENDINGS, NotRead, read, write
from launcher.recipes.local_files import LocalFiles
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.recipes.image_lora import CONFIGURED, ImageLoraSettings

_PLACES = ("DATASET_DIR", "OUT_DIR", "WORK_DIR")


def configuration(settings: ImageLoraSettings, given: Mapping[str, bytes]) -> Configuration:
    found = Found()
    files = LocalFiles(given, found, WORDS)
    values = _read(given, found) if given else _made(settings, found)
    if values is None:
        return Configuration(findings=tuple(found.findings))
    process = trained_process(values, found)
    if process is None:
        return Configuration(findings=tuple(found.findings))
    config = dict(values["config"])
    say_what_cannot_be(config.get("name"), process, found)
    placer = Placer(settings, found, files, is_made=not given)
    config["process"] = [placer.placed(process)]
    content = write({**values, "config": config})
    known = (*_PLACES, "INPUT_0") if settings.base_model or not given else _PLACES
    say_unknown_variables(content.decode(), known, found)
    return Configuration({**files.taken, CONFIGURED: content}, tuple(found.findings))


def _made(settings: ImageLoraSettings, found: Found) -> dict[str, Any]:
    kind = KINDS[settings.model_kind]
    if not settings.base_model:
        found.error(
            "base_model",
            f"No base model is named for the kind {settings.model_kind.value}.",
            Sentence("Usual is ", setting("base_model", kind.usual), "."),
            setting="base_model",
        )
    return made(settings)


def _read(given: Mapping[str, bytes], found: Found) -> dict[str, Any] | None:
    """The one file of settings among what came along."""
    names = [
        name for name in given if "/" not in name and PurePosixPath(name).suffix.lower() in ENDINGS
    ]
    if CONFIGURED in names:
        names = [CONFIGURED]
    if len(names) != 1:
        what = listed(names) if names else "none"
        found.error(
            "configuration",
            f"Exactly one settings file (.yaml or .json) is needed; there is {what}."
            if not names
            else f"Exactly one settings file is needed; there are {what}.",
            f"Name the file itself, or call it {CONFIGURED}.",
        )
        return None
    try:
        return read(names[0], given[names[0]])
    except NotRead as exc:
        found.error("configuration", f"{names[0]} cannot be used. {exc}", "Correct the file.")
        return None
