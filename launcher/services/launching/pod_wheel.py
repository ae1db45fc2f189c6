"""`pod_image` as a wheel, made here: the same bytes from the same code. No build tool, no I/O but reading."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pod_image
from launcher import __version__

PACKAGE = Path(pod_image.__file__).parent

_NAME = "pod_image"
_LEFT_OUT = ("__pycache__",)
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time an archive can hold: no file's own time makes a difference."""


@dataclass(frozen=True)
class PodWheel:
    """An installable package. `sha256` is of `content`."""

    file_name: str
    sha256: str
    content: bytes = field(repr=False)


@functools.cache
def pod_wheel() -> PodWheel:
    """The wheel of the package that is installed beside this launcher."""
    return make_wheel(_package_files(PACKAGE), __version__)


def make_wheel(files: Mapping[str, bytes], version: str) -> PodWheel:
    """A pure Python wheel of these files (path in the package to content)."""
    information = f"{_NAME}-{version}.dist-info"
    members = {
        **{f"{_NAME}/{path}": content for path, content in sorted(files.items())},
        f"{information}/METADATA": _lines(
            "Metadata-Version: 2.1",
            f"Name: {_NAME.replace('_', '-')}",
            f"Version: {version}",
            "License: Apache-2.0",
            "Requires-Python: >=3.11",
        ),
        f"{information}/WHEEL": _lines(
            "Wheel-Version: 1.0",
            "Generator: pod-launcher",
            "Root-Is-Purelib: true",
            "Tag: py3-none-any",
        ),
    }
    record = f"{information}/RECORD"
    rows = [f"{path},{_record_hash(content)},{len(content)}" for path, content in members.items()]
    members[record] = _lines(*rows, f"{record},,")
    content = _archive(members)
    sha256 = hashlib.sha256(content).hexdigest()
    return PodWheel(f"{_NAME}-{version}-py3-none-any.whl", sha256, content)


def _package_files(package: Path) -> dict[str, bytes]:
    return {
        path.relative_to(package).as_posix(): path.read_bytes()
        for path in package.rglob("*")
        if path.is_file() and not set(_LEFT_OUT) & set(path.parts)
    }


def _archive(members: Mapping[str, bytes]) -> bytes:
    """Stored, not compressed: the bytes of a compression differ with the library that made it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in members.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def _record_hash(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
