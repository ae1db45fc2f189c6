"""Disks of a simulated world: what a pod's held and when, byte by byte, and what a loss of power leaves of one."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

WRITEBACK_SECONDS = 30.0
"""What was written longer ago is on the disk, synced or not."""
_DATABASE = (".sqlite", "-wal", "-shm", ".db")
"""SQLite syncs every change by itself, below what Python sees."""


def content(name: str, size_bytes: int) -> bytes:
    """Bytes that no other name has, the same in every play."""
    return random.Random(name).randbytes(size_bytes)


@dataclass
class Kept:
    """One content that was whole on a pod's disk under one name, from `at` until `until`."""

    below: str
    sha256: str
    size_bytes: int
    at: float
    run_id: str
    until: float | None = None

    def was_there(self, moment: float) -> bool:
        return self.at <= moment and (self.until is None or self.until > moment)

    @property
    def step(self) -> int | None:
        """Of a checkpoint."""
        is_checkpoint = self.below.startswith("checkpoints/step-")
        return int(self.below.partition("step-")[2][:8]) if is_checkpoint else None


@dataclass
class Disk:
    """What a judge writes down of a pod's results, apart from all that the pod says."""

    now: Callable[[], float]
    kept: list[Kept] = field(default_factory=list)

    def wrote(self, below: str, made: bytes, run_id: str) -> None:
        self.removed(below)
        digest = hashlib.sha256(made).hexdigest()
        self.kept.append(Kept(below, digest, len(made), self.now(), run_id))

    def removed(self, below: str = "") -> None:
        """One name, or everything."""
        for each in self.kept:
            if each.until is None and below in ("", each.below):
                each.until = self.now()

    def at(self, moment: float) -> list[Kept]:
        return [each for each in self.kept if each.was_there(moment)]


class PowerLoss:
    """What a folder holds after its machine lost power: what was synced, and what is older than the write-back.

    `look` is called that long before the loss, `synced` at each fsync, `strike` at the loss.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before: dict[Path, bytes] | None = None
        self._synced: dict[int, bytes] = {}

    def look(self) -> None:
        """From here on only what is synced is sure to survive."""
        self._before = {path: path.read_bytes() for path in self._files()}

    def synced(self, descriptor: int) -> None:
        if self._before is None:
            return
        path = Path(f"/proc/self/fd/{descriptor}")
        if path.is_file() and path.readlink().is_relative_to(self._folder):
            self._synced[os.fstat(descriptor).st_ino] = path.read_bytes()

    def strike(self) -> None:
        before, self._before = self._before or {}, None
        for path in self._files():
            # A rename keeps the file that was synced: it is known by what it is, not by its name.
            sure = self._synced.get(path.stat().st_ino, before.get(path))
            if sure is None:
                path.unlink()
            elif sure != path.read_bytes():
                path.write_bytes(sure)

    def _files(self) -> list[Path]:
        found = sorted(self._folder.rglob("*")) if self._folder.exists() else []
        return [
            path
            for path in found
            if path.is_file() and not path.is_symlink() and not path.name.endswith(_DATABASE)
        ]
