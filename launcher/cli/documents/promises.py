"""What must not change within a version of a document: compared between two schemas. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def broken_promises(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Sentences about what programs that read the earlier schema would trip over. Documents whose version was raised
    are left out.
    """
    old, new = before["$defs"], now["$defs"]
    other = [name for name in old if name in new and _version(new, name) != _version(old, name)]
    raised = _reached(old, other)
    kept = _reached(old, [name for name in old if _is_document(old[name]) and name not in raised])
    found: list[str] = []
    for name in sorted(kept):
        if name not in new:
            found.append(f"{name} is gone.")
            continue
        found += [f"{name}{said}" for said in _broken(old[name], new[name])]
    return found


def _is_document(part: Mapping[str, Any]) -> bool:
    return {"schema", "version"} <= set(part.get("properties", ()))


def _version(parts: Mapping[str, Any], name: str) -> Any:
    version = parts.get(name, {}).get("properties", {}).get("version", {})
    return version.get("const")


def _reached(parts: Mapping[str, Any], names: list[str]) -> set[str]:
    """These, and the parts that they hold."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and name in parts:
            found.add(name)
            waiting += _references(parts[name])
    return found


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name == "$ref":
                yield str(value).rsplit("/", 1)[-1]
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for each in part:
            yield from _references(each)


def _broken(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    had, has = old.get("properties", {}), new.get("properties", {})
    for field in had:
        if field not in has:
            yield f".{field} is taken away."
        elif field in old.get("required", ()) and field not in new.get("required", ()):
            yield f".{field} may be absent now."
        elif _types(has[field]) - _types(had[field]):
            yield f".{field} may be of another type now."
        else:
            yield from (f".{field}{said}" for said in _lost(had[field], has[field]))
    if not had:
        yield from _lost(old, new)


def _lost(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    lost = [word for word in _allowed(old) if word not in _allowed(new)]
    if lost:
        yield f" has lost words: {', '.join(map(str, lost))}."


def _allowed(part: Mapping[str, Any]) -> list[Any]:
    return list(part.get("enum", [part["const"]] if "const" in part else []))


def _types(part: Mapping[str, Any]) -> set[str]:
    """What a value may be, without the words of a set: those may grow."""
    if "anyOf" in part:
        return set().union(*(_types(each) for each in part["anyOf"]))
    if "$ref" in part:
        return {str(part["$ref"])}
    inner = part.get("items", part.get("additionalProperties"))
    of = "|".join(sorted(_types(inner))) if isinstance(inner, Mapping) else ""
    return {f"{part.get('type', 'any')}({of})"}
