"""Whether a folder is too much to hand to a run: what it names there, the run reads, and a container has as it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def too_wide(root: Path) -> str:
    """Why no run should be given it, as half a sentence; empty where it may have it."""
    real = Path(os.path.realpath(root))
    if real == Path(real.anchor):
        return "it is the whole file system"
    for home in _homes():
        if home == real:
            return "it is your home folder, with all that is yours"
        if home.is_relative_to(real):
            return f"your home folder {home} is in it"
    return ""


def _homes() -> Iterator[Path]:
    """Of this user: as the environment has it, and as the system does."""
    with suppress(RuntimeError):
        yield Path(os.path.realpath(Path.home()))
    with suppress(ModuleNotFoundError, KeyError):  # Windows; a user whom the system does not know
        import pwd

        yield Path(os.path.realpath(pwd.getpwuid(os.getuid()).pw_dir))
