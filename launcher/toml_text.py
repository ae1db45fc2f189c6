"""TOML out; the standard library only reads it. Tables of plain values, one level deep, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def to_toml(document: Mapping[str, Any]) -> str:
    """The document as TOML that `tomllib` reads back to the same values.

    Takes strings, integers, floats, booleans, lists of those, and tables of them. Raises TypeError for
    anything else: TOML has no word for None.
    """
    top = [_line(key, value) for key, value in document.items() if not isinstance(value, Mapping)]
    tables = [
        f"[{_key(name)}]\n" + "".join(_line(key, value) for key, value in table.items())
        for name, table in document.items()
        if isinstance(table, Mapping)
    ]
    return "\n".join(["".join(top), *tables] if top else tables)


def _line(key: str, value: Any) -> str:
    return f"{_key(key)} = {_value(value)}\n"


def _key(name: str) -> str:
    is_bare = name.replace("_", "").replace("-", "").isalnum() and name.isascii()
    return name if is_bare else _string(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(str(value))
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Sequence):
        return _list([_value(item) for item in value])
    raise TypeError(f"TOML has no word for {type(value).__name__}")


def _list(items: list[str]) -> str:
    on_one_line = f"[{', '.join(items)}]"
    if len(on_one_line) <= 80:
        return on_one_line
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _string(text: str) -> str:
    # A JSON string is a TOML basic string but for two things: DEL has to be escaped, and there are no
    # surrogate pairs, which ensure_ascii=False does not make.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
