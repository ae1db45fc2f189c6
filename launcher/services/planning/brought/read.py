"""One entry of what a run brings along, read: a file or a folder of this computer, at its place on the pod."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from launcher.domain.brought import LocalFile
from launcher.services.planning.brought.walk import TooMany, Walked, is_env_file, walk
from pod_image.contract.brought import MOST_BYTES, MOST_FILES, NAMELESS
from pod_image.contract.figures import counted, size
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.paths import safe_path

_SHOWN = 5
TO_A_REPO = (
    "Put large files into a dataset repo and use that as the dataset, or send less of the folder."
)


class NotBrought(Exception):
    """It cannot go along; the finding says why."""

    def __init__(self, code: str, message: Said, hint: Said) -> None:
        super().__init__(str(message))
        self.finding = Finding(Severity.ERROR, code, message, hint)


@dataclass(frozen=True)
class Entry:
    """`place`: of the file or folder itself, below the command's folder; empty for that folder."""

    files: tuple[LocalFile, ...]
    place: str
    findings: tuple[Finding, ...] = ()


def read_entry(name: str, place: str = "") -> Entry:
    """What a person named, with `~` for their own folder. Raises NotBrought."""
    path = _there(name)
    own = Path(name).name
    if stat.S_ISREG(_mode(path)):
        if is_env_file(own):
            raise NotBrought(
                "brought_env", f"{name} usually contains keys and is not sent.", ON_SECRET
            )
        at = _place_of_file(own, place)
        return Entry((_read(path, name, at),), at)
    if not path.is_dir():
        raise NotBrought(
            "brought_kind", f"{name} is neither a file nor a folder.", "Choose a file or a folder."
        )
    return _read_folder(path, name, own, place)


ON_SECRET = Sentence(
    "Name each key that the command needs under ",
    setting("secret"),
    ": then only the command gets it, and it is in no file.",
)


def _read_folder(path: Path, name: str, own: str, place: str) -> Entry:
    start = "" if own in NAMELESS and not place else _placed(place or own)
    try:
        found = walk(path)
    except TooMany:
        raise NotBrought(
            "brought_many", f"{name} has more than {counted(MOST_FILES, 'file')}.", TO_A_REPO
        ) from None
    except OSError as exc:
        raise NotBrought(
            "brought_unreadable",
            f"{name} cannot be read: {exc.strerror}.",
            "Check its permissions, or send only a part of it.",
        ) from None
    refuse_large(sum(_size(real) for _, real in found.files), name)
    files = tuple(
        _read(real, f"{name}: {below}", f"{start}/{below}".lstrip("/"))
        for below, real in found.files
    )
    if not files:
        raise NotBrought("brought_empty", f"{name} has no files to send.", "Choose another folder.")
    return Entry(files, start, tuple(_on_the_rest(name, found)))


def refuse_large(size_bytes: int, what: str) -> None:
    """Raises NotBrought."""
    if size_bytes > MOST_BYTES:
        raise NotBrought(
            "brought_large",
            f"{what} would be {size(size_bytes)} to send; the limit is {size(MOST_BYTES)}.",
            TO_A_REPO,
        )


def _there(name: str) -> Path:
    try:
        path = Path(name).expanduser()
        path.stat()
    except (OSError, RuntimeError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or "it is not a file name"
        whole = name.startswith("~") or Path(name).is_absolute()
        hint = (
            "Correct the name."
            if whole
            else f"It was looked for in {Path.cwd()}. Correct it, or give the full path."
        )
        raise NotBrought("brought_absent", f"{name} cannot be sent: {why}.", hint) from None
    return path


def _mode(path: Path) -> int:
    return path.stat().st_mode


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _place_of_file(own: str, place: str) -> str:
    """A place that ends with `/`, or is `.`, is the folder it goes to."""
    is_folder = place.endswith(("/", "\\")) or place.rstrip("/\\") == "."
    return _placed(f"{place}/{own}" if is_folder else place or own)


def _placed(place: str) -> str:
    """Raises NotBrought for a name that is none on every system."""
    if place.replace("\\", "/").strip("/") in ("", "."):
        return ""
    checked = safe_path(place)
    if checked is None:
        raise NotBrought(
            "brought_name",
            f"{place!r} is not a path inside the command's folder.",
            "Choose another path, such as PATH:lib/train.py.",
        )
    return checked


def _read(path: Path, said: str, place: str) -> LocalFile:
    if safe_path(place) != place:
        raise NotBrought(
            "brought_name",
            f"{said} has a name that is not allowed on every system.",
            "Rename the file, or choose another path.",
        )
    refuse_large(_size(path), said)
    try:
        # A pipe in place of the file of a moment ago would be waited for.
        with os.fdopen(os.open(path, os.O_RDONLY | _NOT_WAITING | _AS_IT_IS), "rb") as file:
            content, mode = file.read(MOST_BYTES + 1), os.fstat(file.fileno()).st_mode
    except OSError as exc:
        raise NotBrought(
            "brought_unreadable",
            f"{said} cannot be read: {exc.strerror}.",
            "Check its permissions, or leave it out.",
        ) from None
    return LocalFile(place, content, _is_executable(mode, content))


_NOT_WAITING = getattr(os, "O_NONBLOCK", 0)
_AS_IT_IS = getattr(os, "O_BINARY", 0)


def _is_executable(mode: int, content: bytes) -> bool:
    """Windows has no such bit: there the first line of a script says it."""
    return content.startswith(b"#!") if os.name == "nt" else bool(mode & 0o111)


def _on_the_rest(name: str, found: Walked) -> list[Finding]:
    """What of a folder stays here."""
    said = []
    if found.left_out:
        said.append(
            Finding(
                Severity.NOTE,
                "brought_left_out",
                f"Not sent from {name}: {listed(found.left_out)}.",
                "Hidden files and files made by programs are sent only if you name them yourself.",
            )
        )
    if found.links or found.special:
        said.append(
            Finding(
                Severity.WARNING,
                "brought_links",
                f"Not sent from {name}, because they are links or not files: "
                f"{listed([*found.links, *found.special])}.",
                "Send their targets one by one.",
            )
        )
    if found.env_files:
        said.append(
            Finding(
                Severity.WARNING,
                "brought_env",
                f"Not sent from {name}, because they usually contain keys: {listed(found.env_files)}.",
                ON_SECRET,
            )
        )
    return said


def listed(names: list[str]) -> str:
    """The first few, and how many more."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
