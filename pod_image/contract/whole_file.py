"""A file that is there whole or not at all, whatever happens while it is written."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SUFFIX = ".unfinished"
_LONGEST_NAME_BYTES = 200


@contextmanager
def replacing(
    path: Path, *, is_private: bool = False, is_durable: bool = False, is_shared: bool = False
) -> Iterator[Path]:
    """A path beside `path` to write to; it takes the place of `path` when the block ends well, and goes when not.

    `is_private`: for its owner alone, from the first byte on. `is_durable`: there after a power cut too, when the
    block is left. `is_shared`: others may write the same file at the same time, and the last one stays; else what
    a kill left is written over by the next try, and takes no room beside it. Raises OSError.
    """
    scratch = _scratch(path, is_shared=is_shared)
    try:
        if is_private:
            scratch.unlink(missing_ok=True)
            os.close(os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield scratch
        if is_durable:
            _sync(scratch)
        scratch.replace(path)
    except BaseException:
        with suppress(OSError):
            scratch.unlink()
        raise
    if is_durable:
        _sync_folder(path.parent)


def is_unfinished(path: Path) -> bool:
    """Whether it is such a file, or what a kill left of one: nothing to keep, to send or to show."""
    return path.name.startswith(".") and path.suffix == _SUFFIX


def write_whole(
    path: Path,
    content: bytes | str,
    *,
    is_private: bool = False,
    is_durable: bool = False,
    is_shared: bool = False,
) -> None:
    """Write `content` (text as UTF-8, its line ends as they are) as `replacing` has it. Raises OSError."""
    raw = content.encode() if isinstance(content, str) else content
    with replacing(
        path, is_private=is_private, is_durable=is_durable, is_shared=is_shared
    ) as scratch:
        scratch.write_bytes(raw)


def _scratch(path: Path, *, is_shared: bool) -> Path:
    name = path.name
    if len(os.fsencode(name)) > _LONGEST_NAME_BYTES:  # a name may have 255 bytes in all
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    own = f".{secrets.token_hex(4)}" if is_shared else ""
    return path.with_name(f".{name}{own}{_SUFFIX}")


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """A new name is durable only when its folder is; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
