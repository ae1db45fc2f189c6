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


@dataclass(frozen=True)
class BrokenPreset:
    """A file among the person's own that is no preset. `name`: of the file, by which it is looked at and deleted."""

    name: str
    path: Path
    error: InvalidRequest

    def text(self) -> str:
        """The start of the file, as far as it is text. Never raises."""
        try:
            with self.path.open("rb") as file:
                return file.read(MOST_SHOWN_BYTES).decode("utf-8", "replace")
        except OSError as exc:
            return f"It cannot be opened: {exc.strerror or exc}."


@dataclass(frozen=True)
class Presets:
    """`usable`: built-in ones first, each part by name."""

    usable: tuple[Preset, ...]
    broken: tuple[BrokenPreset, ...] = ()


MOST_SHOWN_BYTES = 20_000
DELETED_FOLDER = "deleted"
"""Beside the person's own presets: what was deleted or saved over last, under its name."""


def built_in_folder() -> Path:
    """Where the built-in presets are: beside this file where they were packed, else at the top of the checkout."""
    packed = Path(__file__).parent
    return packed if any(packed.glob("*.toml")) else packed.parents[1] / "presets"


def built_in_presets() -> list[Preset]:
    """Those that every copy of this release has, by name."""
    return [_read(path, is_built_in=True) for path in sorted(built_in_folder().glob("*.toml"))]


def look_at_presets(config: Config) -> Presets:
    """Built-in presets first, each part by name; files that are no presets take none of the others away."""
    usable, broken = built_in_presets(), []
    for path in sorted(config.presets_folder.glob("*.toml")):
        try:
            preset = _read(path, is_built_in=False)
            _refuse_hidden(path)
        except InvalidRequest as error:
            broken.append(BrokenPreset(path.stem, path, error))
        else:
            usable.append(preset)
    return Presets(tuple(usable), tuple(broken))


def _refuse_hidden(path: Path) -> None:
    if _is_named_like_built_in(path.stem):
        raise InvalidRequest(
            f"The preset {path} has the name of a built-in one, which is taken in its place.",
            hint="Give the file another name, or remove it.",
        )


def find_preset(config: Config, name: str) -> Preset:
    """Raises InvalidRequest for an unknown name, naming the nearest."""
    found = look_at_presets(config)
    presets = {preset.name: preset for preset in found.usable}
    if name in presets:
        return presets[name]
    for broken in found.broken:
        if broken.name == name:
            raise broken.error
    close = difflib.get_close_matches(name, list(presets), n=2, cutoff=0.4)
    meant = f"Did you mean {' or '.join(close)}? " if close else ""
    raise InvalidRequest(
        f"There is no preset {name!r}.", hint=Sentence(meant, NextStep.LIST_PRESETS, " lists all.")
    )


def save_preset(
    config: Config, name: str, values: Mapping[str, Any], title: str = "", description: str = ""
) -> Path:
    """Write one of the person's own presets, replacing an earlier one of that name: `restore_preset` brings it back.

    Raises InvalidRequest for a built-in's name, one that makes no file name, or a command with a key in it.
    """
    _refuse_built_in(name, "saved over")
    refuse_keys(values)
    check_preset_name(name)
    config.make_folders()
    config.presets_folder.mkdir(mode=0o700, exist_ok=True)
    path = config.presets_folder / f"{name}.toml"
    _put_aside(path, is_moved=False)
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
    """Delete one of the person's own, or a file that is no preset; `restore_preset` brings it back. Raises
    InvalidRequest for a built-in preset or an unknown one."""
    path = _own_path(config, name)
    if path is None:
        _refuse_built_in(name, "deleted")
        find_preset(config, name)
        return
    _put_aside(path, is_moved=True)


def restore_preset(config: Config, name: str) -> None:
    """Bring back what was deleted, or saved over, last under that name. Raises InvalidRequest where nothing was."""
    aside = config.presets_folder / DELETED_FOLDER / f"{name}.toml"
    if not (_is_file_name(name) and aside.is_file()):
        raise InvalidRequest(f"No deleted preset {name!r} is kept.", hint="Save it again.")
    aside.replace(config.presets_folder / aside.name)


def rename_preset(config: Config, name: str, new_name: str) -> None:
    """Give one of the person's own another name, as its file is. Raises InvalidRequest for a name that cannot be, or
    that is taken."""
    path = _own_path(config, name)
    if path is None:
        _refuse_built_in(name, "renamed")
        find_preset(config, name)
        return
    _refuse_built_in(new_name, "replaced")
    check_preset_name(new_name)
    there = path.with_name(f"{new_name}.toml")
    if there.exists():
        raise InvalidRequest(
            f"You have a preset {new_name} already.",
            hint="Choose another name, or delete that one.",
        )
    path.rename(there)


def own_preset_exists(config: Config, name: str) -> bool:
    """Whether saving under that name would replace something."""
    return _own_path(config, name) is not None


def check_preset_name(name: str) -> None:
    """Raises InvalidRequest for what is no name of a preset."""
    if not (_NAME.match(name) and is_safe_name(name)):
        raise InvalidRequest(
            f"{name!r} is not a valid preset name.",
            hint="Use lower-case letters, digits and hyphens, at most 40, such as my-voice.",
        )


def _own_path(config: Config, name: str) -> Path | None:
    path = config.presets_folder / f"{name}.toml"
    return path if _is_file_name(name) and path.is_file() else None


def _is_file_name(name: str) -> bool:
    return bool(name) and is_safe_name(f"{name}.toml")


def _put_aside(path: Path, *, is_moved: bool) -> None:
    """Keep what the file holds where nobody looks for presets; an earlier one of that name goes."""
    if not path.is_file():
        return
    folder = path.parent / DELETED_FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    if is_moved:
        path.replace(folder / path.name)
    else:
        with private_files(folder):
            write_whole(folder / path.name, path.read_bytes(), is_shared=True)


def _is_named_like_built_in(name: str) -> bool:
    return (built_in_folder() / f"{name}.toml").is_file() and bool(_NAME.match(name))


def _refuse_built_in(name: str, what: str) -> None:
    if _is_named_like_built_in(name):
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
            f"The preset {path} cannot be read: {exc}", hint="Fix the file, or delete it."
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
