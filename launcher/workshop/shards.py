"""Clips to a few zip shards whose bytes depend on the clips alone, so that an unchanged shard is not sent again."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SHARD_BYTES = 256 * 2**20
SHARD_PREFIX = "clips-"
MOST_SHARDS = 4096
_SAME_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest a zip knows: when a clip was written must not change the shard."""
COPY_BYTES = 2**20


@dataclass(frozen=True)
class ShardedClip:
    """A clip's file here, and its path inside the dataset."""

    path: Path
    name: str


def write_shards(
    clips: Sequence[ShardedClip], folder: Path, shard_bytes: int = SHARD_BYTES
) -> list[Path]:
    """Stored (not compressed) zips: a reader finds any clip with one look at the directory.

    A clip's shard is chosen by its name, so one more clip changes one shard and not all that follow.
    """
    count = shard_count(sum(clip.path.stat().st_size for clip in clips), shard_bytes)
    piles: list[list[ShardedClip]] = [[] for _ in range(count)]
    for clip in clips:
        piles[shard_of(clip.name, count)].append(clip)
    written = []
    for number, pile in enumerate(piles):
        if pile:
            path = folder / f"{SHARD_PREFIX}{number:04d}-of-{count:04d}.zip"
            _write(path, sorted(pile, key=lambda clip: clip.name))
            written.append(path)
    return written


def shard_count(total_bytes: int, shard_bytes: int = SHARD_BYTES) -> int:
    """A power of two, so that a growing dataset seldom moves its clips to other shards."""
    count = 1
    while count * shard_bytes < total_bytes and count < MOST_SHARDS:
        count *= 2
    return count


def shard_of(name: str, count: int) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) % count


def _write(path: Path, clips: Sequence[ShardedClip]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as shard:
        for clip in clips:
            entry = zipfile.ZipInfo(clip.name, _SAME_TIME)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # the same bytes from Windows and from Linux
            entry.file_size = clip.path.stat().st_size
            with clip.path.open("rb") as source, shard.open(entry, "w") as target:
                while piece := source.read(COPY_BYTES):
                    target.write(piece)
