"""This Python with what an agent needs, file by file: for an image, or for a user who may not read where it lies."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

AGENT_NEEDS = ("httpx", "pydantic", "huggingface-hub", "tenacity")
NAME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
BASE = Path(sys.base_prefix)
LIBRARY = Path(sysconfig.get_path("stdlib", vars={"installed_base": str(BASE)}))
_LEFT_OUT = {"site-packages", "dist-packages", "__pycache__", "test", "idlelib", "ensurepip"}


def program() -> Path:
    return (BASE / "bin" / NAME).resolve()


def is_wanted(name: str) -> bool:
    """Of the standard library, by the path of a file or folder."""
    parts = Path(name).parts
    return not _LEFT_OUT & {*parts} and not any(part.startswith("config-") for part in parts)


def files_of_packages() -> Iterator[tuple[Path, str]]:
    """Those of all that an agent needs, each with its name below site-packages."""
    seen, left = set[str](), [*AGENT_NEEDS]
    while left:
        name = re.sub(r"[-_.]+", "-", left.pop()).lower()
        with suppress(importlib.metadata.PackageNotFoundError):
            found = importlib.metadata.distribution(name)
            if name in seen:
                continue
            seen.add(name)
            needs = [need for need in found.requires or () if "extra ==" not in need]
            left.extend(re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in needs)
            for file in found.files or ():
                path = Path(str(found.locate_file(file)))
                if ".." not in file.parts and "__pycache__" not in file.parts and path.is_file():
                    yield path, str(file)


def copy_below(folder: Path) -> Path:
    """The folder that its programs are in. Its shared library, where it has one, is in `lib` beside that."""
    programs, library = folder / "bin", folder / "lib" / NAME
    programs.mkdir(parents=True)
    shutil.copy(program(), programs / NAME)
    (programs / "python3").symlink_to(NAME)
    shutil.copytree(
        LIBRARY,
        library,
        ignore=lambda _, names: [name for name in names if not is_wanted(name)],
    )
    for shared in (BASE / "lib").glob(f"lib{NAME}*.so*"):
        shutil.copy(shared, folder / "lib" / shared.name)
    for file, name in files_of_packages():
        target = library / "site-packages" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return programs
