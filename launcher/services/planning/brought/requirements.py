"""A file of packages that pip installs on the pod, with the files that it names; what cannot work there is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from urllib.parse import urlsplit

from launcher.domain.brought import LocalFile
from launcher.services.planning.brought.read import Entry, NotBrought, read_entry
from pod_image.contract.brought import MOST_FILES, REQUIREMENTS
from pod_image.contract.figures import counted
from pod_image.contract.next_steps import Sentence, setting

_COMMENT = re.compile(r"(^|\s+)#.*$")
_INCLUDES = ("-r", "--requirement", "-c", "--constraint")
_EDITABLE = ("-e", "--editable")
_PLACES = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--pypi-url")
_NAMED = re.compile(r"[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*(?:@\s*(?P<url>\S+).*|[<>=!~;(\s].*)?")
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".egg")
_REMOTE = re.compile(r"(?:(?:git|hg|svn|bzr)\+)?(?:https?|ssh|git)", re.IGNORECASE)
_BRING = Sentence(
    "Send it with the run (",
    setting("bring"),
    ") and install it with your own command, or give its release.",
)


@dataclass(frozen=True)
class _Line:
    number: int
    text: str

    @property
    def option(self) -> tuple[str, str] | None:
        """Name and value; None for a line that names a package."""
        if not self.text.startswith("-"):
            return None
        name, _, value = self.text.partition(" ")
        if "=" in name and name.startswith("--"):
            name, _, value = self.text.partition("=")
        elif not name.startswith("--") and len(name) > 2:
            name, value = name[:2], self.text[2:]
        return name, value.strip().strip("\"'")


def read_requirements(name: str) -> Entry:
    """The file and all that it names; each finds the others as it did here. Raises NotBrought."""
    read: dict[_Place, bytes] = {}
    first = Path(name).expanduser()
    _read_all(first, name, "", (*_ABOVE, first.name), read)
    spare = min(_spare(place) for place in read)
    files = tuple(
        LocalFile("/".join((REQUIREMENTS, *place[spare:])), content)
        for place, content in read.items()
    )
    return Entry(files, files[0].path)


def files_read(name: str) -> tuple[Path, ...]:
    """The file and all that it names, where they lie; as far as they can be read. Nothing of them is told."""
    paths: list[Path] = []
    with suppress(NotBrought, OSError):
        _read_all(Path(name), name, "", (*_ABOVE, Path(name).name), {}, paths)
    return tuple(paths)


_Place = tuple[str, ...]
_ABOVE = ("_",) * 32
"""Stand for the folders above the first file: `..` in a file leads through them, and their names stay here."""


def _spare(place: _Place) -> int:
    return sum(1 for _ in takewhile(lambda part: part == "_", place[:-1]))


def _read_all(
    path: Path,
    said: str,
    named_by: str,
    place: _Place,
    read: dict[_Place, bytes],
    paths: list[Path] | None = None,
) -> None:
    if place in read:
        return
    if paths is not None:
        paths.append(path)
    if len(read) == MOST_FILES:
        raise NotBrought(
            "brought_many", f"{said} lists more than {counted(MOST_FILES, 'file')}.", "Give fewer."
        )
    files = read_entry(str(path)).files if path.is_file() else ()
    if not files:
        raise NotBrought(
            "brought_absent",
            f"There is no file {said}{named_by}.",
            "Correct the name. A file that another one names is looked for in the same folder.",
        )
    read[place] = files[0].content
    for line in _lines(files[0].content.decode("utf-8-sig", "replace")):
        included = _checked(line, said)
        if included:
            named_by = f", which {said} line {line.number} names"
            beside = _beside(place, included)
            _read_all(path.parent / included, included, named_by, beside, read, paths)


def _beside(place: _Place, included: str) -> _Place:
    """Where pip will look for what the file at `place` names."""
    parts = list(place[:-1])
    for part in included.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    return tuple(parts)


def _lines(text: str) -> Iterator[_Line]:
    """As pip reads them: a backslash at the end goes on, what follows ` #` is a remark."""
    pending, began = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        began = began if pending else number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            pending += raw[:-1].strip() + " "
            continue
        line = _COMMENT.sub("", pending + raw).strip()
        pending = ""
        if line:
            yield _Line(began, line)
    if pending.strip():
        yield _Line(began, pending.strip())


def _checked(line: _Line, said: str) -> str:
    """The file of this computer that the line names, if it names one. Raises NotBrought for what cannot go along."""
    where = f"{said} line {line.number}"
    if line.option is None:
        _check_package(line.text, where)
        return ""
    option, value = line.option
    if option in _EDITABLE:
        raise NotBrought(
            "brought_requirements", f"{where} is an editable install of a folder.", _BRING
        )
    if option in _PLACES:
        _check_address(value, where)
    if option not in _INCLUDES:
        return ""
    if _scheme(value):
        _check_address(value, where)
        return ""
    if "\\" in value or Path(value).is_absolute() or value.startswith(("/", "~")):
        raise NotBrought(
            "brought_requirements",
            f"{where} uses a file path that does not exist on the pod.",
            "Give its path relative to the file that names it, with / between folders.",
        )
    return value


def _check_package(text: str, where: str) -> None:
    named = _NAMED.fullmatch(text)
    if _scheme(text):
        _check_address(text.split()[0], where)
    elif named is not None and named["url"]:
        _check_address(named["url"], where)
    elif named is None or text.partition(";")[0].strip().lower().endswith(_ARCHIVES):
        raise NotBrought("brought_requirements", f"{where} uses a path on this computer.", _BRING)


def _scheme(text: str) -> str:
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", text)
    return found[1].lower() if found else ""


def _check_address(address: str, where: str) -> None:
    if not _REMOTE.fullmatch(_scheme(address)):
        raise NotBrought("brought_requirements", f"{where} uses a path on this computer.", _BRING)
    try:
        parts = urlsplit(address)
        has_secret = parts.password is not None or (
            parts.username is not None and "ssh" not in _scheme(address)
        )
    except ValueError:
        has_secret = "@" in address
    if has_secret:
        raise NotBrought(
            "brought_requirements",
            f"{where} uses an address with a user name or password in it.",
            "Packages are installed without keys. Send the package as a file, or use a public index.",
        )
