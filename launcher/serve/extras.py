"""Which optional parts of the launcher are installed here, by what the package says of itself."""

from __future__ import annotations

from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

from launcher.config import APP_NAME

_FOR_DEVELOPERS = frozenset({"dev", "bench"})


def extras_here() -> dict[str, bool]:
    """Each extra by name, and whether all that it names is there."""
    try:
        found = metadata.metadata(APP_NAME)
    except metadata.PackageNotFoundError:  # run from files alone
        return {}
    names = [name for name in found.get_all("Provides-Extra") or () if name not in _FOR_DEVELOPERS]
    lines = [str(line) for line in found.get_all("Requires-Dist") or ()]
    return {name: _is_installed(name, lines) for name in sorted(names)}


def _is_installed(extra: str, lines: list[str]) -> bool:
    wanted = [_read(line) for line in lines]
    return all(
        _is_there(one.name)
        for one in wanted
        if one is not None and one.marker is not None and one.name != APP_NAME
        if one.marker.evaluate({"extra": extra}) and not one.marker.evaluate({"extra": ""})
    )


def _read(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None


def _is_there(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
