"""The map in docs/map.md: every room that it names is there, and every room of the code is on it."""

from __future__ import annotations

import re

from tests.kit.checkout import ROOT
from tests.whole.sources import files

MAP = ROOT / "docs" / "map.md"
ROOMS_OF = ("launcher", "launcher/services", "launcher/ui", "pod_image", "pod_image/recipes")
"""Folders of which each package has to be on the map, or have all its own rooms there."""


def named() -> set[str]:
    return {place.rstrip("/") for place in re.findall(r"`([\w./]+)`", MAP.read_text("utf-8"))}


def packages(folder: str) -> set[str]:
    """The packages right below a folder."""
    found = {path.parent for path in files() if path.name == "__init__.py"}
    return {path.relative_to(ROOT).as_posix() for path in found if path.parent == ROOT / folder} - {
        "tests"
    }


def test_every_room_on_the_map_is_there() -> None:
    assert [place for place in sorted(named()) if not (ROOT / place).exists()] == []


def test_every_room_of_the_code_is_on_the_map() -> None:
    on_it = named()

    def is_shown(room: str) -> bool:
        inside = packages(room)
        return room in on_it or (bool(inside) and all(map(is_shown, inside)))

    rooms = [room for folder in ROOMS_OF for room in sorted(packages(folder))]
    assert len(rooms) > 20
    assert [room for room in rooms if not is_shown(room)] == []


def test_the_map_is_one_screen() -> None:
    assert len(MAP.read_text("utf-8").splitlines()) <= 50
