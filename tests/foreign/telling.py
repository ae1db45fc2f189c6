"""A reader that tells what it has: environment, open files, folder."""

from __future__ import annotations

import os
from pathlib import Path

from pod_image.foreign.apart import Found, serve


def read(files: list[Path], words: dict[str, str]) -> Found:
    links = Path("/proc/self/fd")
    opened = [str(link.readlink()) for link in links.iterdir() if link.is_symlink()]
    said = {"environment": dict(os.environ), "open": opened, "folder": str(Path.cwd())}
    return Found({**said, "here": _here()})


def _here() -> list[str]:
    try:
        return [path.name for path in Path().iterdir()]
    except PermissionError:  # the walls
        return []


if __name__ == "__main__":
    serve(lambda: None, read)
