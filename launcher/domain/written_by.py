"""Which release wrote a preset or a run file: they carry its version, so that age is told from a slip of the pen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from launcher import __version__
from launcher.errors import InvalidRequest
from pod_image.contract.older_settings import TakenOver, taken_over, unusable
from pod_image.contract.settings import SETTINGS

VERSION_KEY = "launcher"
"""At the top of a file: the version of the launcher that wrote it. A file written by hand has none."""


def is_older(version: str) -> bool:
    return bool(_numbers(version)) and _numbers(version) < _numbers(__version__)


def is_newer(version: str) -> bool:
    return _numbers(version) > _numbers(__version__)


def read_settings(values: Mapping[str, Any], version: str) -> TakenOver:
    """The settings of a file under today's names; what an older release wrote loads, whatever became of it."""
    return taken_over(values, of_another_release=is_older(version))


def refuse_newer(values: Mapping[str, Any], version: str, source: str) -> None:
    """Raises InvalidRequest when a newer release wrote something that this one cannot take."""
    if not is_newer(version):
        return
    names = [name for name in values if name not in SETTINGS] + unusable(values)
    if names:
        raise newer_file(source, version, ", ".join(names))


def newer_file(source: str, version: str, what: str) -> InvalidRequest:
    return InvalidRequest(
        f"{source} was written by launcher {version}. This is {__version__}, which does not know: {what}.",
        hint="Update: pip install -U pod-launcher. Or remove that from the file.",
    )


def _numbers(version: str) -> tuple[int, ...]:
    """Of a release; nothing for what is no version."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()
