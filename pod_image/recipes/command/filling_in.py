"""Places that a person writes into words and files before they can know them: `${OUT_DIR}` and its like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pod_image.contract.whole_file import write_whole
from pod_image.recipes.command.collecting import matching

MOST_BYTES = 10_000_000
"""Of a template. Larger files are data."""


def filled(text: str, places: Mapping[str, str]) -> str:
    """The text with the places that are known; any other `${...}` is the program's own and stays."""
    for name, value in places.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def fill_files(work: Path, patterns: Sequence[str], places: Mapping[str, str]) -> None:
    """Fill in the files that fit. Raises OSError; what is no UTF-8, or too large, stays as it is."""
    for path in matching(work, patterns):
        if path.stat().st_size > MOST_BYTES:
            continue
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError:
            continue
        if (new := filled(text, places)) != text:
            write_whole(path, new)
