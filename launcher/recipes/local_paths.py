r"""Paths of a person's computer in a file that goes elsewhere: `C:\data\cats`, `~/cats`, `cloud:/workspace/cats`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pod_image.contract.hub_inputs import REPO
from pod_image.contract.paths import is_safe_name

PLACED = "${"
"""What begins so was placed already: by us, or by a person who knows the places."""
_DRIVE = re.compile(r"[A-Za-z]:(?=[\\/]|$)")
_OF_FILES = (
    ".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".json", ".txt", ".csv",
    ".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif",
)  # fmt: skip


def is_placed(text: str) -> bool:
    return text.startswith(PLACED)


def is_hub_name(text: str) -> bool:
    """Whether it can be a repo on the Hub: owner/name, and nothing that says that it is a path."""
    return bool(REPO.fullmatch(text)) and not text.lower().endswith(_OF_FILES)


def parts_of(text: str) -> tuple[str, ...]:
    """Folders and name of a path of any system, without drive, `.` and `..`; what no system takes is replaced."""
    bare = text.strip().removeprefix("cloud:").removeprefix("file://")
    bare = _DRIVE.sub("", bare, count=1)
    found: list[str] = []
    for part in re.split(r"[\\/]+", bare):
        if part == "..":
            del found[-1:]
        elif part not in ("", ".", "~"):
            found.append(part if is_safe_name(part) else _made_safe(part))
    return tuple(found)


def name_of(text: str) -> str:
    """The last part; empty where there is none."""
    return (parts_of(text) or ("",))[-1]


def shortest_apart(paths: Iterable[str]) -> Mapping[str, str]:
    r"""A folder for each path, as short as tells all of them apart: `cats`, or `a/cats` where `b/cats` is another.

    Paths that mean one folder have one: Windows knows no case, and both slashes.
    """
    whole = {path: _same(path) for path in paths}
    parts: dict[tuple[str, ...], tuple[str, ...]] = {}
    for path, key in whole.items():
        parts.setdefault(key, parts_of(path))
    length = dict.fromkeys(parts, 1)
    while True:
        names = {key: "/".join(parts[key][-length[key] :]) for key in parts}
        taken: dict[str, list[tuple[str, ...]]] = {}
        for key, name in names.items():
            taken.setdefault(name.casefold(), []).append(key)
        twice = [key for keys in taken.values() if len(keys) > 1 for key in keys]
        longer = [key for key in twice if length[key] < len(parts[key])]
        if not longer:
            break
        for key in longer:
            length[key] += 1
    return {path: _numbered(names, key) for path, key in whole.items()}


def _numbered(names: Mapping[tuple[str, ...], str], key: tuple[str, ...]) -> str:
    """`C:\\cats` and `D:\\cats` differ in nothing that a dataset has: the second is cats-2."""
    before = [each for each, name in names.items() if name.casefold() == names[key].casefold()]
    number = before.index(key) + 1
    return names[key] if number == 1 else f"{names[key]}-{number}"


def found_in(given: Sequence[str], text: str) -> str | None:
    """Which of the files that were given a path means: the one that agrees with most of its end."""
    wanted = [part.casefold() for part in parts_of(text)]
    best, most = None, 0
    for name in sorted(given):
        have = [part.casefold() for part in parts_of(name)]
        equal = 0
        while equal < min(len(wanted), len(have)) and wanted[-1 - equal] == have[-1 - equal]:
            equal += 1
        if equal > most:
            best, most = name, equal
    return best


def _same(path: str) -> tuple[str, ...]:
    drive = _DRIVE.match(path.strip())
    is_windows = drive is not None or "\\" in path
    folded = tuple(part.casefold() if is_windows else part for part in parts_of(path))
    return ((drive[0].casefold() if drive else ""), *folded)


def _made_safe(part: str) -> str:
    kept = "".join(letter if is_safe_name(letter) else "_" for letter in part).strip("_ .")
    return kept if is_safe_name(kept) else "folder"
