"""Names of files of this computer, whole: as they were typed they mean something in one folder alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pod_image.contract.brought import NAMELESS, split_bring
from pod_image.contract.settings import SETTINGS


def anchored(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The values, names of files read from `folder`; so a run is repeated from anywhere, with the same files.

    A folder of another machine (`host`) is left as it is written.
    """
    is_elsewhere = bool(values.get("host"))
    return {
        name: _anchored(name, value, folder, is_elsewhere=is_elsewhere)
        for name, value in values.items()
    }


def _anchored(name: str, value: Any, folder: Path, *, is_elsewhere: bool) -> Any:
    if name not in SETTINGS:
        return value
    knob = SETTINGS[name].knob
    if knob.is_own_folder and isinstance(value, str) and value.strip() and not is_elsewhere:
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


def _entry(text: str, folder: Path) -> str:
    """What has no name of its own, such as `.`, gets no other by this: its place is said then."""
    name, place = split_bring(text)
    if not place and Path(name).name in NAMELESS:
        place = "."
    return _whole(name, folder) + (f":{place}" if place else "")


def _whole(name: str, folder: Path) -> str:
    path = Path(name)
    return name if name.startswith("~") or not name.strip() else str(folder.absolute() / path)
