"""A run as a TOML file: an optional preset, and a `[settings]` table of what differs from it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher.domain.written_by import (
    VERSION_KEY,
    is_newer,
    newer_file,
    read_settings,
    refuse_newer,
)
from launcher.errors import InvalidRequest
from launcher.forms.values import check_names, nearest
from pod_image.contract.settings import RunSettings

_TOP_LEVEL = (VERSION_KEY, "preset", "title", "description", "settings")
"""A preset's file is a run's file too; its title and description are not needed here."""


@dataclass(frozen=True)
class RunFile:
    """What a run file says. `values` are as TOML gave them, under today's names; names are checked, values not yet.

    `notes`: what was taken over from an older release, as sentences.
    """

    preset: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_run_file(path: Path) -> RunFile:
    """Raises InvalidRequest for a file that is not there, is not TOML, or has keys nobody knows."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise InvalidRequest(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidRequest(f"{path} cannot be read: {exc}") from None
    return parse_run_file(text, str(path))


def parse_run_file(text: str, source: str) -> RunFile:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise InvalidRequest(f"{source} is not TOML: {exc}") from None
    settings, version = document.get("settings", {}), str(document.get(VERSION_KEY, ""))
    for name in document:
        if name not in _TOP_LEVEL:
            if is_newer(version):
                raise newer_file(source, version, name)
            raise InvalidRequest(
                f"{source} has {name!r} at the top level.",
                hint=f"Put settings below a line [settings]. {nearest(name, _TOP_LEVEL)}",
            )
    if not isinstance(settings, dict) or not isinstance(document.get("preset", ""), str):
        raise InvalidRequest(f"{source}: preset is a name, and [settings] a table.")
    found = read_settings(settings, version)
    refuse_newer(found.values, version, source)
    check_names(found.values, source)
    notes = tuple(f"{source}: {note}" for note in found.notes)
    return RunFile(document.get("preset", ""), found.values, notes)


def differences(settings: RunSettings) -> dict[str, Any]:
    """The applicable values that are not the default, as JSON types."""
    defaults = RunSettings().model_dump(mode="json")
    return {name: value for name, value in settings.applicable().items() if value != defaults[name]}
