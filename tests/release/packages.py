"""The source archive, and the wheel made of that archive: built into a folder and read once more. `make dist`.

Needs hatchling, and what hatchling needs, alone: a release installs nothing else before it builds.
"""

from __future__ import annotations

import email
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.metadata import Metadata
from trove_classifiers import classifiers as known_classifiers

from tests.kit.checkout import ROOT

TOP_LEVEL = {"launcher", "pod_image"}
NEEDED = (
    "launcher/py.typed",
    "pod_image/py.typed",
    "launcher/presets/finetune-medium.toml",
    "launcher/demo/clips/metadata.csv",
    "pod_image/requirements.txt",
)
"""Of the wheel."""
OF_ARCHIVE = ("CHANGELOG.md", "Dockerfile", "LICENSE", "Makefile", "README.md", "tests/conftest.py")
_LEFT_BEHIND = re.compile(r"(^|/)(__pycache__|\.venv|\.git|node_modules)/|\.py[co]$|(^|/)\.env")


@dataclass(frozen=True)
class Package:
    """A built file: what it says of itself, and what is in it."""

    path: Path
    metadata: bytes = field(repr=False)
    members: frozenset[str] = field(repr=False)


def build(out: Path, root: Path = ROOT) -> tuple[Path, Path]:
    """Archive and wheel, in this order. The wheel is made of the archive: so nothing is missing from that."""
    archive = _hatch(root, "sdist", out)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
        (unpacked,) = Path(folder).iterdir()
        return archive, _hatch(unpacked, "wheel", out)


def _hatch(root: Path, target: str, out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    before = set(out.iterdir())
    words = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out.resolve())]
    subprocess.run(words, cwd=root, check=True, stdout=subprocess.DEVNULL)
    (made,) = (
        path for path in out.iterdir() if path.suffix in (".gz", ".whl") and path not in before
    )
    return made


_NOWHERE = re.compile(r"\]\((?!https?://|#|mailto:)([^)\s]+)\)")


def read(path: Path) -> Package:
    """A wheel or a source archive. Names in it are below its one folder."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
            (of_itself,) = (name for name in names if name.endswith(".dist-info/METADATA"))
            return Package(path, packed.read(of_itself), frozenset(names))
    with tarfile.open(path) as packed:
        names = [member.name for member in packed if member.isfile()]
        (of_itself,) = (
            name for name in names if name.count("/") == 1 and name.endswith("PKG-INFO")
        )
        found = packed.extractfile(of_itself)
        assert found is not None
        return Package(path, found.read(), frozenset(name.partition("/")[2] for name in names))


def faults(archive: Package, wheel: Package, version: str) -> list[str]:
    """What keeps these two from being given to anybody; nothing is the good answer."""
    return [
        *_of_metadata(wheel, version),
        *(
            []
            if archive.metadata == wheel.metadata
            else ["the two describe themselves differently"]
        ),
        *(f"{wheel.path.name} lacks {name}" for name in NEEDED if name not in wheel.members),
        *(
            f"{archive.path.name} lacks {name}"
            for name in OF_ARCHIVE
            if name not in archive.members
        ),
        *(
            f"{each.path.name} holds {name}"
            for each in (archive, wheel)
            for name in sorted(each.members)
            if _LEFT_BEHIND.search(name)
        ),
        *(
            f"{wheel.path.name} holds {name}"
            for name in sorted(wheel.members)
            if not _belongs(name)
        ),
    ]


def _belongs(name: str) -> bool:
    top = name.partition("/")[0]
    return top in TOP_LEVEL or top.endswith(".dist-info")


def _of_metadata(package: Package, version: str) -> Iterator[str]:
    """Raises nothing for metadata that an index would refuse: each reason is a fault."""
    try:
        found = Metadata.from_email(package.metadata, validate=True)
    except ExceptionGroup as problems:
        yield from (str(problem) for problem in problems.exceptions)
        return
    if str(found.version) != version:
        yield f"the version is {found.version}, and the code says {version}"
    for name in found.classifiers or ():
        if name not in known_classifiers:
            yield f"no index knows the classifier {name!r}"
    if email.message_from_bytes(package.metadata)["Description-Content-Type"] != "text/markdown":
        yield "the README is not said to be Markdown"
    for link in _NOWHERE.findall(str(found.description or "")):
        yield f"a link of the README leads nowhere on the page of an index: {link}"


def code_version(root: Path = ROOT) -> str:
    """Read, not imported: the launcher itself is not installed where it is released."""
    text = (root / "launcher/__init__.py").read_text("utf-8")
    (found,) = re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return str(found)


def main(words: list[str]) -> int:
    (folder,) = words
    built = build(Path(folder))
    archive, wheel = (read(path) for path in built)
    found = faults(archive, wheel, code_version())
    for fault in found:
        print(fault, file=sys.stderr)
    for path in built:
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
