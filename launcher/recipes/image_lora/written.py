"""ai-toolkit's file of settings as text: YAML or JSON, read as ai-toolkit itself reads it, and written again.

Safe: a tag that would make an object is refused. YAML 1.1 takes `1e-4` for a word; ai-toolkit reads a number there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

ENDINGS = (".yaml", ".yml", ".json", ".jsonc")
MOST_BYTES = 1_000_000
MOST_ENTRIES = 100_000
"""With what YAML's aliases repeat."""
_FLOAT = "tag:yaml.org,2002:float"
_EXPONENT = re.compile(r"[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)[eE][-+]?\d+$")


class NotRead(Exception):
    """What is wrong with the file, as a sentence that quotes nothing of it."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types
    pass


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # yaml has no types
    """A word that would be read as a number gets quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _one in (_Loader, _Dumper):
    _one.add_implicit_resolver(_FLOAT, _EXPONENT, list("-+.0123456789"))


def read(name: str, content: bytes) -> dict[str, Any]:
    """The whole file. Raises NotRead."""
    if len(content) > MOST_BYTES:
        raise NotRead("It is larger than 1 MB, too large for a settings file.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotRead("It is not UTF-8 text.") from None
    is_json = PurePosixPath(name).suffix.lower() in (".json", ".jsonc")
    try:
        values = json.loads(text) if is_json else yaml.load(text, _Loader)
        if _entries(values, {}) > MOST_ENTRIES:
            raise NotRead("Its aliases expand without end.")
        plain = json.loads(json.dumps(values, default=str))
    except yaml.MarkedYAMLError as exc:
        where = f" in line {exc.problem_mark.line + 1}" if exc.problem_mark else ""
        raise NotRead(f"It is not valid YAML{where}.") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as exc:
        line = f" in line {exc.lineno}" if isinstance(exc, json.JSONDecodeError) else ""
        raise NotRead(f"It cannot be read as {'JSON' if is_json else 'YAML'}{line}.") from None
    if not isinstance(plain, dict):
        raise NotRead("It holds no settings: a job begins with job: and config:.")
    return plain


def write(values: Mapping[str, Any]) -> bytes:
    """As YAML, in the order that it has."""
    text: str = yaml.dump(
        dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000
    )
    return text.encode()


def _entries(value: Any, known: dict[int, int]) -> int:
    """How many there are, each part counted as often as it is named; a part of itself is endless."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = MOST_ENTRIES + 1  # until it is counted: it may hold itself
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_entries(each, known) for each in inner)
    return known[id(value)]
