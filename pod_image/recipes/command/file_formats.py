"""Whether a file of weights ends where its own format says: one that is still being written does not."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

_LARGEST_HEADER_BYTES = 100_000_000
"""Of a .safetensors file, as its format has it."""
_ZIP_START = b"PK\x03\x04"
_OF_TORCH = frozenset({".pt", ".pth", ".bin", ".ckpt"})


def ends_whole(path: Path) -> bool:
    """False for what is torn, also for an empty file of such a name; True for any format not known here.

    Raises OSError.
    """
    suffix = path.suffix.lower()
    if suffix == ".safetensors":
        return _is_whole_safetensors(path)
    return _is_whole_archive(path) if suffix in _OF_TORCH else True


def _is_whole_safetensors(path: Path) -> bool:
    """Eight bytes with the header's length, a header of JSON, and as much behind it as it names."""
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        if not 2 <= header_bytes <= min(_LARGEST_HEADER_BYTES, size_bytes - 8):
            return False
        try:
            header = json.loads(file.read(header_bytes))
            tensors = [entry for name, entry in header.items() if name != "__metadata__"]
            ends = [int(entry["data_offsets"][1]) for entry in tensors]
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return False
    return size_bytes == 8 + header_bytes + max(ends, default=0)


def _is_whole_archive(path: Path) -> bool:
    """What torch saves is a zip archive, whose table of contents is written last; older ones are no archive."""
    with path.open("rb") as file:
        start = file.read(len(_ZIP_START))
    return bool(start) and (start != _ZIP_START or zipfile.is_zipfile(path))
