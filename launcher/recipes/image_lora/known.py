"""Which settings ai-toolkit reads: what it does not know, such as a misspelt one, it passes over without a word."""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_PARTS = ("network", "save", "train", "model", "sample", "logging")


def unknown(process: Mapping[str, Any]) -> Iterator[str]:
    """Names that it does not read, by their place, with the one that may be meant."""
    yield from _in_part("process", process, "")
    for part in _PARTS:
        yield from _in_part(part, process.get(part), f"{part}.")
    for part, of, within in (
        ("datasets", process, ""),
        ("samples", process.get("sample"), "sample."),
    ):
        several = of.get(part) if isinstance(of, Mapping) else None
        for number, each in enumerate(several if isinstance(several, list) else ()):
            yield from _in_part(part, each, f"{within}{part}[{number}].")


def _in_part(part: str, values: Any, place: str) -> Iterator[str]:
    known = _known()[part]
    for name in values if isinstance(values, Mapping) else ():
        if name not in known:
            close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.75)
            yield f"{place}{name}" + (f" ({close[0]} may be meant)" if close else "")


@functools.cache
def _known() -> Mapping[str, frozenset[str]]:
    text = (Path(__file__).parent / "known.toml").read_text("utf-8")
    return {part: frozenset(names.split()) for part, names in tomllib.loads(text).items()}
