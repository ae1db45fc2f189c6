"""Named settings: the built-in ones and the person's own. Files only; what they mean is decided by compose.

The built-in ones are written in `presets/` at the top of the checkout. Wheel and sdist carry copies beside this file.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from launcher import __version__
from launcher.config import Config, private_files
from launcher.domain.command import refuse_keys
from launcher.domain.written_by import VERSION_KEY, read_settings
from launcher.errors import InvalidRequest
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.contract.paths import is_safe_name
from pod_image.contract.whole_file import write_whole

_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}$")


@dataclass(frozen=True)
class Preset:
    """What differs from the defaults, under a name. `values` are those of the file under today's names, unchecked."""

    name: str
    title: str
    description: str
    values: Mapping[str, Any] = field(default_factory=dict)
    is_built_in: bool = False
    version: str = ""
    """Of the launcher that wrote the file; empty when a person did."""
    notes: tuple[str, ...] = ()
    """What was taken over from an older release, as sentences."""


def built_in_folder() -> Path:
    """Where the built-in presets are: beside this file where they were packed, else at the top of the checkout."""
    packed = Path(__file__).parent
    return packed if any(packed.glob("*.toml")) else packed.parents[1] / "presets"


def built_in_presets() -> list[Preset]:
    """Those that every copy of this release has, by name."""
    return [_read(path, is_built_in=True) for path in sorted(built_in_folder().glob("*.toml"))]


def all_presets(config: Config) -> list[Preset]:
    """Built-in presets first, each part by name. Raises InvalidRequest for a file that cannot be read."""
    built_in = built_in_presets()
    own = [_read(path, is_built_in=False) for path in sorted(config.presets_folder.glob("*.toml"))]
    taken = {preset.name for preset in built_in}
    return [*built_in, *(preset for preset in own if preset.name not in taken)]


def find_preset(config: Config, name: str) -> Preset:
    """Raises InvalidRequest for an unknown name, naming the nearest."""
    presets = {preset.name: preset for preset in all_presets(config)}
    if name in presets:
        return presets[name]
    close = difflib.get_close_matches(name, list(presets), n=2, cutoff=0.4)
    meant = f"Did you mean {' or '.join(close)}? " if close else ""
    raise InvalidRequest(
        f"There is no preset {name!r}.", hint=Sentence(meant, NextStep.LIST_PRESETS, " shows all.")
    )


def save_preset(
    config: Config, name: str, values: Mapping[str, Any], title: str = "", description: str = ""
) -> Path:
    """Write one of the person's own presets, replacing an earlier one of that name.

    Raises InvalidRequest for a built-in's name, one that makes no file name, or a command with a key in it.
    """
    _refuse_built_in(name, "saved over")
    refuse_keys(values)
    if not (_NAME.match(name) and is_safe_name(name)):
        raise InvalidRequest(
            f"{name!r} is no name for a preset.",
            hint="Small letters, digits and hyphens, 40 at most, such as my-voice.",
        )
    config.make_folders()
    config.presets_folder.mkdir(mode=0o700, exist_ok=True)
    path = config.presets_folder / f"{name}.toml"
    document = {
        VERSION_KEY: __version__,
        "title": title or name,
        "description": description,
        "settings": dict(values),
    }
    with private_files(config.presets_folder):
        write_whole(path, tomli_w.dumps(document), is_shared=True)
    return path


def delete_preset(config: Config, name: str) -> None:
    """Raises InvalidRequest for a built-in preset or an unknown one."""
    _refuse_built_in(name, "deleted")
    preset = find_preset(config, name)
    (config.presets_folder / f"{preset.name}.toml").unlink()


def _refuse_built_in(name: str, what: str) -> None:
    if (built_in_folder() / f"{name}.toml").is_file() and _NAME.match(name):
        raise InvalidRequest(
            f"{name} is built in and cannot be {what}.",
            hint=Sentence(
                "Save your own under another name: ", NextStep.SAVE_PRESET.of(f"my-{name}")
            ),
        )


def _read(path: Path, *, is_built_in: bool) -> Preset:
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise InvalidRequest(
            f"The preset {path} cannot be read: {exc}", hint="Mend the file, or remove it."
        ) from None
    settings = document.get("settings", {})
    if not isinstance(settings, dict):
        raise InvalidRequest(f"The preset {path} has no table [settings].")
    version = str(document.get(VERSION_KEY, ""))
    found = read_settings(settings, version)
    return Preset(
        name=path.stem,
        title=str(document.get("title", path.stem)),
        description=str(document.get("description", "")),
        values=found.values,
        is_built_in=is_built_in,
        version=version,
        notes=tuple(f"Preset {path.stem}: {note}" for note in found.notes),
    )
