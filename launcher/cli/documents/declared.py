"""A declared type as JSON schema: TypedDicts, dataclasses, enumerations, and what they hold.

Not by pydantic, which takes no TypedDict of Python 3.11 itself, and whose own import `launcher runs` does without.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pod_image.contract.next_steps import Sentence

_PLAIN: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    None: {"type": "null"},
    type(None): {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    Path: {"type": "string"},
    Sentence: {"type": "string"},  # its next steps are worded when it is printed
    Any: {},
}
_FIRST = {"schema": 0, "version": 1}


class Parts:
    """Types that have an entry of their own in `$defs`, gathered while others are looked at."""

    def __init__(self) -> None:
        self.defined: dict[str, dict[str, Any]] = {}
        self._types: dict[str, Any] = {}

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of a type. Raises TypeError for one that cannot be printed as JSON."""
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        origin, inner = get_origin(kind), get_args(kind)
        if origin is Literal:
            return _of_values(inner)
        if origin in (Union, types.UnionType):
            either = [self.of(each) for each in inner]
            different = [each for n, each in enumerate(either) if each not in either[:n]]
            return different[0] if len(different) == 1 else {"anyOf": different}
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(inner[1])}
        if isinstance(origin, type) and issubclass(origin, Sequence):
            return {"type": "array", "items": self.of(inner[0])}
        return {"$ref": f"#/$defs/{self._entry(kind)}"}

    def _entry(self, kind: Any) -> str:
        name = str(getattr(kind, "__name__", kind))
        known = self._types.setdefault(name, kind)
        if known is not kind:
            raise TypeError(f"two types of one name: {known} and {kind}")
        if name not in self.defined:
            self.defined[name] = {}  # those that hold themselves find it here
            self.defined[name] = self._definition(kind)
        return name

    def _definition(self, kind: Any) -> dict[str, Any]:
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {**_described(kind), **_of_values([each.value for each in kind])}
        if not (typing.is_typeddict(kind) or dataclasses.is_dataclass(kind)):
            raise TypeError(f"{kind} cannot be printed as JSON: declare a TypedDict for it")
        hints = typing.get_type_hints(kind)
        texts = field_texts(kind)
        properties = {
            name: {**self.of(hint), **({"description": texts[name]} if name in texts else {})}
            for name, hint in hints.items()
            if not name.startswith("_")
        }
        in_order = sorted(properties, key=lambda name: _FIRST.get(name, len(_FIRST)))
        return {
            **_described(kind),
            "type": "object",
            "properties": {name: properties[name] for name in in_order},
            "required": in_order,
        }


def field_texts(kind: Any) -> dict[str, str]:
    """What is written below each field of a class, and of the classes that it takes fields from."""
    tree = _class_trees(kind.__module__).get(kind.__name__)
    if tree is None:
        return {}
    texts: dict[str, str] = {}
    module = sys.modules[kind.__module__]
    for base in tree.bases:
        found = getattr(module, base.id, None) if isinstance(base, ast.Name) else None
        if typing.is_typeddict(found) or dataclasses.is_dataclass(found):
            texts |= field_texts(found)
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = below.value if isinstance(below, ast.Expr) else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                texts[field.target.id] = _one_line(text.value)
    return texts


@cache
def _class_trees(module: str) -> Mapping[str, ast.ClassDef]:
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {each.name: each for each in tree.body if isinstance(each, ast.ClassDef)}


def _described(kind: Any) -> dict[str, Any]:
    tree = _class_trees(kind.__module__).get(kind.__name__)
    text = ast.get_docstring(tree) if tree is not None else None
    return {"description": _one_line(text)} if text else {}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _of_values(values: Sequence[Any]) -> dict[str, Any]:
    kind = _PLAIN[type(values[0])]
    return {**kind, "const": values[0]} if len(values) == 1 else {**kind, "enum": list(values)}
