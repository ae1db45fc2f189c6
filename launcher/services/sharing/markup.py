"""HTML as values: whatever is put into it is text unless it was made here. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


_EMPTY = frozenset({"img", "meta", "br"})
"""Of HTML alone: a shape of SVG that is not closed would hold all that follows."""


def element(name: str, /, *inside: str | Iterable[str], **attributes: str | bool | None) -> Markup:
    """`<name …>inside</name>`. Names of attributes as Python writes them: `aria_label`, `class_`.

    What is inside is escaped unless it is markup; an attribute that is None or False is left out.
    """
    said = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{together(inside)}</{name}>")


def together(inside: Iterable[str | Iterable[str]]) -> Markup:
    return Markup("".join(_inner(one) for one in inside))


def _inner(one: str | Iterable[str]) -> str:
    if isinstance(one, Markup):
        return one
    return escape(one) if isinstance(one, str) else together(one)


def _attribute(key: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(value)}"'
