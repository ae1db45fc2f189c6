"""Names of files of this computer, whole: as they were typed they mean something in one folder alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pod_image.contract.brought import NAMELESS, split_bring
from pod_image.contract.knobs import Knob
from pod_image.contract.settings import SETTINGS

_PATHS = ("/", "~", "./", "../")


def anchored(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The values, names of files read from `folder`; so a run is repeated from anywhere, with the same files.

    A folder of another machine (`host`) is left as it is written.
    """
    is_elsewhere = bool(values.get("host"))
    values = {_meant(name, value, values): value for name, value in values.items()}
    return {
        name: _anchored(name, value, folder, is_elsewhere=is_elsewhere)
        for name, value in values.items()
    }


def _anchored(name: str, value: Any, folder: Path, *, is_elsewhere: bool) -> Any:
    if name not in SETTINGS:
        return value
    knob = SETTINGS[name].knob
    if isinstance(value, str) and _is_own_folder(knob, value) and not is_elsewhere:
        return os.path.normpath(folder.absolute() / Path(value).expanduser())
    if not knob.is_local:
        return value
    if isinstance(value, str):
        if not SETTINGS[name].is_list:
            return _whole(value, folder) if value else value
        return _entry(value, folder)
    if isinstance(value, list | tuple):
        return [_entry(each, folder) if isinstance(each, str) else each for each in value]
    return value


def _meant(name: str, value: Any, values: Mapping[str, Any]) -> str:
    """A path within a repo that nobody named is no path within one: it is the folder itself."""
    owner = SETTINGS[name].knob.belongs_to if name in SETTINGS else ""
    is_alone = bool(owner) and SETTINGS[owner].knob.is_own_folder and not values.get(owner)
    return owner if is_alone and isinstance(value, str) and value.startswith(_PATHS) else name


def _is_own_folder(knob: Knob, text: str) -> bool:
    """What may be a repo as well is a folder where it is written as one: with `/`, `~` or `.` at its beginning."""
    if not knob.is_own_folder or not text.strip():
        return False
    return knob.picks is None or text.startswith(_PATHS) or text in (".", "..")


def _entry(text: str, folder: Path) -> str:
    """What has no name of its own, such as `.`, gets no other by this: its place is said then."""
    name, place = split_bring(text)
    if not place and Path(name).name in NAMELESS:
        place = "."
    return _whole(name, folder) + (f":{place}" if place else "")


def _whole(name: str, folder: Path) -> str:
    path = Path(name)
    return name if name.startswith("~") or not name.strip() else str(folder.absolute() / path)
