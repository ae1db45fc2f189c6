"""From the name in a table to the file it means: as written, in the usual folders, in another case, by its end."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote

from pod_image.contract.paths import is_safe_name, safe_path
from pod_image.dataset.endings import AUDIO_ENDINGS, without_ending
from pod_image.dataset.source import Entry

AUDIO_FOLDERS = ("wav", "wavs", "audio", "clips", "flac", "mp3")
_RANKS = {ending: rank for rank, ending in enumerate(AUDIO_ENDINGS)}
LONGEST_NUMBER = 12
"""Digits; longer ones are nobody's running numbers."""
MOST_END_PARTS = 4
"""Folders of a path that are compared from its end; beyond that two files of one name are told apart by nothing."""


def fold(path: str) -> str:
    """A Mac writes accents as two code points and ignores case; Windows ignores case."""
    return unicodedata.normalize("NFC", path).casefold()


def folder_of(path: str) -> str:
    """The folder of a path; empty for the dataset's own."""
    return path.rpartition("/")[0]


def foreign_parts(name: str) -> tuple[str, ...]:
    r"""The folders and the name of a path that another computer wrote: `D:\out\a.wav` is out, a.wav.

    Empty for what names no file: nothing is left, or the path leaves its folder and names none beside the file.
    """
    slashed = _of_address(name.strip()).replace("\\", "/")
    is_foreign, parts = slashed.startswith("/"), list[str]()
    for part in slashed.split("/"):
        if part == "..":
            is_foreign = is_foreign or not parts
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    if slashed.startswith("//") and parts:  # a share of a network: its computer is no folder
        parts = parts[1:]
    if parts and parts[0].endswith(":"):
        is_foreign, parts = True, parts[1:]
    if not parts or not is_safe_name(parts[-1]) or (is_foreign and len(parts) < 2):
        return ()
    return tuple(parts)


def _of_address(name: str) -> str:
    """The path of https://…/my%20clip.wav?token=1; any other name as it is."""
    if "://" not in name:
        return name
    return unquote(re.split("[?#]", name, maxsplit=1)[0])


def inside(folder: str, name: str) -> str | None:
    """The path that `../wavs/a.wav` in a table in `folder` means; None if it leads out of the dataset."""
    parts = [part for part in folder.split("/") if part]
    for part in name.strip().replace("\\", "/").split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return safe_path("/".join(parts))


class PathEnds:
    """Finds files by the end of a path, however it begins: by name and folders first, by name alone at last."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_end: dict[str, list[str]] = defaultdict(list)
        self._by_number: dict[int, list[str]] | None = None
        for path in paths:
            for end in _ends(path.split("/")):
                self._by_end[end].append(path)

    def best(self, parts: Sequence[str]) -> tuple[int, list[str]]:
        """(how many parts agree from the end, the files that agree in so many); another ending will do."""
        wanted = fold(parts[-1]) if parts else ""
        ends = list(_ends(parts))
        for count in range(len(ends), 0, -1):
            found = self._by_end.get(ends[count - 1])
            if found:
                same = [each for each in found if fold(each.rsplit("/", 1)[-1]) == wanted]
                return count, same or found
        return 0, []

    def otherwise(self, parts: Sequence[str]) -> list[str]:
        """Files that a spreadsheet or a browser made this name of: 1 of 001.wav, my%20clip of my clip."""
        if not parts:
            return []
        plain = [unquote(part) for part in parts]
        found = self.best(plain)[1] if plain != list(parts) else []
        number = _number(parts[-1])
        if found or number is None:
            return found
        if self._by_number is None:
            self._by_number = defaultdict(list)
            for end, paths in self._by_end.items():
                if "/" not in end and (of := _number(end)) is not None:
                    self._by_number[of] += paths
        return self._by_number.get(number, [])


def _number(name: str) -> int | None:
    stem = without_ending(name)
    return int(stem) if stem.isascii() and stem.isdigit() and len(stem) < LONGEST_NUMBER else None


def _ends(parts: Sequence[str]) -> Iterator[str]:
    """The last part without its ending, then with one folder, with two, …"""
    if not parts:
        return
    end = fold(without_ending(parts[-1]))
    yield end
    for part in reversed(parts[-MOST_END_PARTS:-1]):
        end = f"{fold(part)}/{end}"
        yield end


class FileNames:
    """Finds a file by the name in a table: as given, with an ending, in wav/ or wavs/, or in another case."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._sizes = {entry.path: entry.size for entry in entries}
        self._folded: dict[str, list[str]] = defaultdict(list)
        for path in self._sizes:
            self._folded[fold(path)].append(path)
        self._stems = _by_stem((path, path) for path in self._sizes)
        self._folded_stems = _by_stem((path, paths[0]) for path, paths in self._folded.items())

    def size(self, path: str) -> int:
        return self._sizes[path]

    def is_there(self, path: str) -> bool:
        return path in self._sizes

    def find(self, name: str, folder: str = "") -> str | None:
        """The file that a table in `folder` means by `name`; None if there is none, or if it lies outside."""
        path = safe_path(name)
        if path is None:
            return None
        return self.exact(path, folder) or self.folded(path, folder)

    def exact(self, path: str, folder: str) -> str | None:
        names = _candidates(path, folder)
        # As given first: "v1.2" has what looks like an ending, but is not one.
        as_given = next((name for name in names if name in self._sizes), None)
        return as_given or next((at for name in names if (at := self._stems.get(name))), None)

    def folded(self, path: str, folder: str) -> str | None:
        names = [fold(name) for name in _candidates(path, folder)]
        as_given = next((name for name in names if name in self._folded), None)
        if as_given is not None:
            return self._folded[as_given][0]
        return next((at for name in names if (at := self._folded_stems.get(name))), None)

    def clashing(self) -> list[list[str]]:
        """Files whose names differ only in case or accents."""
        return [sorted(paths) for paths in self._folded.values() if len(paths) > 1]


def _by_stem(paths: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Files of sound by their path without the ending; of two the one whose ending is more usual."""
    found: dict[str, tuple[int, str]] = {}
    for path, file in paths:
        stem, dot, ending = path.rpartition(".")
        rank = _RANKS.get(dot + ending)
        if rank is not None and (stem not in found or rank < found[stem][0]):
            found[stem] = (rank, file)
    return {stem: file for stem, (_, file) in found.items()}


def _candidates(path: str, folder: str) -> list[str]:
    bases = [folder, *(_join(folder, sub) for sub in AUDIO_FOLDERS)]
    if folder:
        bases.append("")
    return [_join(base, path) for base in bases]


def _join(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder and folder != "." else path
