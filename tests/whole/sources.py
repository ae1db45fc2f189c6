"""The files of this checkout, as the guards read them."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.kit.checkout import ROOT

_SKIPPED = {".git", ".venv", "build", "dist", "__pycache__", "node_modules"}


@functools.cache
def files() -> tuple[Path, ...]:
    """What git keeps; without git (an unpacked archive) everything but build folders."""
    asked = ["git", "-C", str(ROOT), "ls-files"]
    try:
        listed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        found = [ROOT / name for name in listed.splitlines()]
    except (OSError, subprocess.CalledProcessError):
        found = [path for path in ROOT.rglob("*") if not _SKIPPED & set(path.parts)]
    return tuple(sorted(path for path in found if path.is_file()))


@dataclass(frozen=True)
class Module:
    """One Python file, parsed. `name` is its path below the checkout."""

    name: str
    tree: ast.Module

    @functools.cached_property
    def imports(self) -> tuple[str, ...]:
        """Full names of what it imports, inside functions too."""
        names: list[str] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names.append("." * node.level + (node.module or ""))
                names += [f"{node.module}.{alias.name}" for alias in node.names]
        return tuple(names)

    @functools.cached_property
    def hints(self) -> tuple[str, ...]:
        """What its errors and remarks tell a person to do; parts that are filled in are left out."""
        return tuple(
            "".join(_text(node.value))
            for node in ast.walk(self.tree)
            if isinstance(node, ast.keyword) and node.arg == "hint"
        )


def _text(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def modules(*below: str) -> list[Module]:
    """Every Python file below these folders of the checkout."""
    names = [path.relative_to(ROOT).as_posix() for path in files()]
    folders = tuple(f"{folder}/" for folder in below)
    return [_module(name) for name in names if name.endswith(".py") and name.startswith(folders)]


@functools.cache
def _module(name: str) -> Module:
    return Module(name, ast.parse((ROOT / name).read_text("utf-8"), name))
