"""SimpleTuner's two files of settings as a person has them: keys with or without `--`, and a list of data backends."""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from launcher.recipes.found import Found, listed
from launcher.recipes.local_paths import found_in, name_of
from pod_image.contract.recipes.simpletuner import BACKENDS, CONFIGURED, VERSION

MOST_BYTES = 4_000_000
_POINTER = "data_backend_config"


@dataclass(frozen=True)
class Given:
    """`values` by their names without `--`."""

    values: dict[str, Any]
    backends: list[dict[str, Any]]


def read(given: Mapping[str, bytes], found: Found) -> Given | None:
    """None where it cannot be used; why is said in `found`."""
    name = _main(given, found)
    main = _json(given, name, found) if name else None
    if main is None:
        return None
    if not isinstance(main, dict):
        found.error(
            "configuration",
            f"{name} is not a table of settings.",
            "Give SimpleTuner's config.json.",
        )
        return None
    values = {str(key).lstrip("-").replace("-", "_"): value for key, value in main.items()}
    backends = _backends(values, given, found)
    if backends is None:
        return None
    if passed := list(unknown(values)):
        found.warning(
            "unknown_settings",
            f"SimpleTuner {VERSION} stops at names that it does not know: {listed(passed)}.",
            "Names change between versions: correct them, or set the version they belong to.",
        )
    return Given(values, backends)


def unknown(values: Mapping[str, Any]) -> Iterator[str]:
    """A beginning that fits one name alone is taken for it."""
    names = known_names()
    for name in values:
        if name in names or sum(each.startswith(name) for each in names) == 1:
            continue
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
        yield name + (f" ({close[0]} may be meant)" if close else "")


def _main(given: Mapping[str, bytes], found: Found) -> str:
    names = [name for name in given if PurePosixPath(name).suffix.lower() == ".json"]
    main = next((name for name in names if PurePosixPath(name).name == CONFIGURED), "")
    if not main and len(names) == 1:
        main = names[0]
    if not main:
        found.error(
            "configuration",
            f"There is no {CONFIGURED} in the configuration.",
            f"Give the folder that holds {CONFIGURED} and {BACKENDS}. Settings in TOML or .env are not read here.",
        )
    return main


def _backends(
    values: Mapping[str, Any], given: Mapping[str, bytes], found: Found
) -> list[dict[str, Any]] | None:
    pointed = values.get(_POINTER)
    name = found_in(list(given), str(pointed)) if pointed else None
    name = name or next((each for each in given if name_of(each) == BACKENDS), None)
    if name is None:
        found.error(
            "no_backends",
            f"{name_of(str(pointed or BACKENDS))}, which says where the pictures are, was not sent.",
            f"Give the folder that holds {CONFIGURED} and {BACKENDS} as the configuration.",
        )
        return None
    backends = _json(given, name, found)
    if not isinstance(backends, list) or not all(isinstance(each, dict) for each in backends):
        if backends is not None:
            found.error(
                "no_backends", f"{name} is not a list of data backends.", "Correct the file."
            )
        return None
    return [dict(each) for each in backends]


def _json(given: Mapping[str, bytes], name: str, found: Found) -> Any:
    """None where it is none, which is said."""
    content = given[name]
    try:
        if len(content) > MOST_BYTES:
            raise ValueError
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as exc:
        where = f" in line {exc.lineno}" if isinstance(exc, json.JSONDecodeError) else ""
        found.error("configuration", f"{name} is not valid JSON{where}.", "Correct the file.")
        return None


@functools.cache
def known_names() -> frozenset[str]:
    text = (Path(__file__).parent / "known.txt").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(" ".join(lines).split())
