"""Clips to a few zip shards whose bytes depend on the clips alone, so that an unchanged shard is not sent again."""

from __future__ import annotations

import hashlib
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
    piles: dict[str, list[ShardedClip]] = defaultdict(list)
    for clip in clips:
        piles[_shard(clip.name, count)].append(clip)
    written = []
    for name in sorted(piles):
        _write(folder / name, sorted(piles[name], key=lambda clip: clip.name))
        written.append(folder / name)
    return written


def shard_names(sizes: Mapping[str, int], shard_bytes: int = SHARD_BYTES) -> set[str]:
    """The shards that clips of these names and bytes would come into, without writing any."""
    count = shard_count(sum(sizes.values()), shard_bytes)
    return {_shard(name, count) for name in sizes}


def _shard(clip: str, count: int) -> str:
    return f"{SHARD_PREFIX}{shard_of(clip, count):04d}-of-{count:04d}.zip"


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
