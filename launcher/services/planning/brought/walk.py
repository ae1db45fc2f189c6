"""Files and folders of this computer, looked at before anything is read: what of them goes along, and what does not."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path

from pod_image.contract.brought import MOST_FILES
from pod_image.contract.leavings import is_left_behind

_LEFT_OUT = frozenset({"node_modules", "venv", "__pycache__"})
_ENVIRONMENT = "pyvenv.cfg"
"""Python puts it into each virtual environment, whatever that is called."""
_TELLING = (".example", ".sample", ".template", ".dist")


class TooMany(Exception):
    """More files than a run may bring along."""


@dataclass
class Walked:
    """`files`: path below the folder, and where it lies; the rest are paths below it too."""

    files: list[tuple[str, Path]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    """That lead out of the folder, in a circle, or nowhere."""
    special: list[str] = field(default_factory=list)
    """Pipes, sockets and devices."""
    env_files: list[str] = field(default_factory=list)


def is_env_file(name: str) -> bool:
    """Whether a file of that name holds keys as a rule; an example of one does not."""
    lower = name.lower()
    is_one = lower in (".env", ".envrc") or lower.startswith(".env.") or lower.endswith(".env")
    return is_one and not lower.endswith(_TELLING)


def walk(folder: Path) -> Walked:
    """All files below, sorted by their paths. Links are followed where they stay inside. Raises OSError, TooMany."""
    found = Walked()
    root = folder.resolve()
    _walk(root, "", root, (root,), found)
    found.files.sort()
    return found


def _walk(folder: Path, start: str, root: Path, above: tuple[Path, ...], found: Walked) -> None:
    for path in sorted(folder.iterdir()):
        name, below = path.name, start + path.name
        if is_env_file(name) and not path.is_dir():
            found.env_files.append(below)
            continue
        if _is_left_out(name):
            found.left_out.append(below)
            continue
        real = _inside(path, root)
        if real is None or real in above:
            found.links.append(below)
        elif real.is_dir():
            if (real / _ENVIRONMENT).is_file():
                found.left_out.append(below)
            else:
                _walk(real, f"{below}/", root, (*above, real), found)
        elif stat.S_ISREG(real.stat().st_mode):
            found.files.append((below, real))
            if len(found.files) > MOST_FILES:
                raise TooMany
        else:
            found.special.append(below)


def _inside(path: Path, root: Path) -> Path | None:
    """Where it truly lies; None where that is outside, is not there, or is what would be left out by its own name.

    `path` is below a folder that is no link itself.
    """
    if path.is_file() and not path.is_symlink():
        return path
    try:
        real = path.resolve(strict=True)
        parts = real.relative_to(root).parts
    except (OSError, ValueError, RuntimeError):
        return None
    return None if any(_is_left_out(part) or is_env_file(part) for part in parts) else real


def _is_left_out(name: str) -> bool:
    return name in _LEFT_OUT or is_left_behind(name)
