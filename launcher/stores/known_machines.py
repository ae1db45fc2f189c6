"""Machines that may have a run of ours, by the names of their places: one small file each, apart from the history."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from pod_image.contract.whole_file import write_whole


class KnownMachines:
    """Remembers across processes, and through a lost history, where to look for runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, place: str) -> None:
        """Never raises: where it cannot be written, the history still knows."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._path(place), place, is_private=True, is_durable=True)

    def forget(self, place: str) -> None:
        """Silent about one that was never noted."""
        with suppress(OSError):
            self._path(place).unlink(missing_ok=True)

    def all(self) -> list[str]:
        """Never raises; in the order of their names."""
        found = []
        for path in self._folder.glob("*.machine"):
            with suppress(OSError, ValueError):
                found.append(path.read_text("utf-8"))
        return sorted(found)

    def _path(self, place: str) -> Path:
        return self._folder / f"{hashlib.sha256(place.encode()).hexdigest()[:24]}.machine"
