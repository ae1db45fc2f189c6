"""What a known corpus is made of, for the rest of the survey: its transcripts, and what of it is left aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from pod_image.dataset.encoding import decode
from pod_image.dataset.endings import is_audio, without_ending
from pod_image.dataset.names import folder_of
from pod_image.dataset.source import FileSource
from pod_image.dataset.tables import Table


@dataclass
class Corpus:
    """A corpus that was found. `left` are tables that are not read on purpose, `spare` recordings; `why` says it."""

    name: str
    tables: list[Table]
    texts: set[str] = field(default_factory=set)
    """Files that hold its transcripts or facts about it: nobody else reads them as a table."""
    left: dict[str, str] = field(default_factory=dict)
    spare: frozenset[str] = frozenset()
    why: str = ""


class Listing:
    """The files of a dataset, and how a corpus reads them."""

    def __init__(self, source: FileSource) -> None:
        self.source = source
        self.sizes = {entry.path: entry.size for entry in source.entries()}

    @cached_property
    def audio(self) -> list[str]:
        return [path for path in self.sizes if is_audio(path)]

    @cached_property
    def texts(self) -> list[str]:
        return [path for path in self.sizes if not is_audio(path)]

    @cached_property
    def clips(self) -> dict[str, str]:
        """Recordings by their path without its ending; of two endings the first of the alphabet."""
        found: dict[str, str] = {}
        for path in self.audio:
            found.setdefault(without_ending(path), path)
        return found

    @cached_property
    def folders(self) -> dict[str, list[str]]:
        """What lies in each folder."""
        found: dict[str, list[str]] = defaultdict(list)
        for path in self.sizes:
            found[folder_of(path)].append(path)
        return found

    def named(self, *names: str) -> list[str]:
        """Texts of these names, in any folder and any case."""
        return [path for path in self.texts if name_of(path).lower() in names]

    def ending(self, *endings: str) -> list[str]:
        return [path for path in self.texts if path.lower().endswith(endings)]

    def text(self, path: str) -> str:
        return decode(self.source.read(path)).text

    def head(self, path: str, length: int = 2_000) -> str:
        return decode(self.source.read(path, 0, length)).text


def name_of(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def under(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def texts_in(listing: Listing, folders: Collection[str], endings: Iterable[str]) -> set[str]:
    """Files of these endings in these folders."""
    wanted = tuple(endings)
    return {
        path
        for folder in folders
        for path in listing.folders[folder]
        if path.lower().endswith(wanted)
    }
