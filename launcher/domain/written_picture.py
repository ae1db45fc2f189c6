"""The picture of a run as JSON and back: what a launcher keeps beside a long journal, so that it is folded once.

It follows the declarations of the picture, whatever fields that has: each is written by its kind and read by its
annotation. Whether two programs mean the same by them tells `shape`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from launcher.domain.run_picture import RunPicture
from pod_image.contract.events import Stamped, from_document, to_document

Read = Callable[[Any], Any]


def as_json(picture: RunPicture) -> dict[str, Any]:
    return {one.name: _written(getattr(picture, one.name)) for one in fields(RunPicture)}


def from_json(document: Mapping[str, Any]) -> RunPicture:
    """Raises ValueError for what is no picture of this release."""
    try:
        return RunPicture(**{name: read(document[name]) for name, read in _readers().items()})
    except (TypeError, KeyError, AttributeError) as exc:
        raise ValueError(f"no picture of a run: {type(exc).__name__}") from exc


@cache
def shape() -> str:
    """Changes with every declaration that the picture is made of."""
    seen: dict[str, str] = {}
    _describe(RunPicture, seen)
    return hashlib.sha256(repr(sorted(seen.items())).encode()).hexdigest()[:16]


def _describe(kind: Any, seen: dict[str, str]) -> None:
    for part in get_args(kind):
        _describe(part, seen)
    name = getattr(kind, "__qualname__", "")
    has_fields = isinstance(kind, type) and kind.__module__.startswith(("launcher", "pod_image"))
    if not has_fields or name in seen:
        return
    hints = {} if issubclass(kind, Enum) else get_type_hints(kind, include_extras=False)
    seen[name] = repr(sorted((key, str(hint)) for key, hint in hints.items()))
    for hint in hints.values():
        _describe(hint, seen)


def _written(value: Any) -> Any:
    if isinstance(value, Stamped):
        return to_document(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return [[_written(key), _written(one)] for key, one in value.items()]
    if isinstance(value, tuple):
        return list(value) if _is_plain(value) else [_written(one) for one in value]
    return value


def _is_plain(values: tuple[Any, ...]) -> bool:
    """Numbers alone, of which a curve has thousands."""
    return all(type(one) in (int, float) for one in values)


@cache
def _readers() -> dict[str, Read]:
    hints = get_type_hints(RunPicture)
    return {one.name: _reader(hints[one.name]) for one in fields(RunPicture)}


@cache
def _reader(hint: Any) -> Read:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _optional(_reader(next(part for part in parts if part is not NoneType)))
    if origin is Stamped:
        return _stamped
    if origin is tuple:
        return _tuple_of(parts)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_of(_reader(parts[0]), _reader(parts[1]))
    if not isinstance(hint, type):
        return _as_it_is
    if issubclass(hint, tuple):
        return _named(hint)
    if issubclass(hint, BaseModel):
        return hint.model_validate
    if issubclass(hint, datetime):
        return datetime.fromisoformat
    return hint if issubclass(hint, Enum) else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _optional(read: Read) -> Read:
    return lambda value: None if value is None else read(value)


def _stamped(value: Any) -> Any:
    event = from_document(value)
    if event is None:
        raise ValueError("no event of this release")
    return event


def _tuple_of(parts: tuple[Any, ...]) -> Read:
    if len(parts) == 2 and parts[1] is Ellipsis:
        read = _reader(parts[0])
        return tuple if read is _as_it_is else lambda value: tuple(map(read, value))
    reads = [_reader(part) for part in parts]
    if all(read is _as_it_is for read in reads):
        return tuple
    return lambda value: tuple(read(one) for read, one in zip(reads, value, strict=True))


def _mapping_of(key: Read, read: Read) -> Read:
    return lambda value: {key(name): read(one) for name, one in value}


def _named(kind: Any) -> Read:
    hints = get_type_hints(kind)
    reads = [_reader(hints[name]) for name in kind._fields]
    return lambda value: kind(*(read(one) for read, one in zip(reads, value, strict=True)))
