"""One command-line option per declared setting, "not given" by default."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from launcher.forms.fields import FormField, Kind, fields


@dataclass(frozen=True)
class Typed:
    """Settings given on the command line, as text or lists of text; what was not given is not here."""

    values: Mapping[str, Any]


def with_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command one option per setting; it receives them as one `typed: Typed`.

    The options have no defaults, so what the person typed is known exactly. Values stay text here: range
    and type are checked in one place for file, page and command line.
    """
    own = inspect.signature(function, eval_str=True)
    settings = [field for _, group in fields() for field in group]

    def command(**values: Any) -> Any:
        typed = {
            field.name: values.pop(field.name)
            for field in settings
            if values.get(field.name) not in (None, [], ())
        }
        for field in settings:
            values.pop(field.name, None)
        return function(typed=Typed(typed), **values)

    kept = [parameter for name, parameter in own.parameters.items() if name != "typed"]
    added = [_parameter(field) for field in settings]
    command.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
    command.__annotations__ = {item.name: item.annotation for item in (*kept, *added)}
    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    return command


def _parameter(field: FormField) -> inspect.Parameter:
    option = typer.Option(
        field.flag,
        metavar=_metavar(field),
        help=_help(field),
        rich_help_panel=f"{field.group} (settings)",
        show_default=False,
        autocompletion=_completion(field),
    )
    kind: Any = list[str] | None if field.kind is Kind.LIST else str | None
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind, option],
    )


def _completion(field: FormField) -> Callable[[], list[str]] | None:
    return (lambda: list(field.choices)) if field.choices else None


def _metavar(field: FormField) -> str:
    if field.kind is Kind.CHOICE:
        return "|".join(field.choices)
    if field.limits:
        return field.limits
    return {Kind.LIST: "TEXT...", Kind.TEXT: "TEXT"}.get(field.kind, "NUMBER")


def _help(field: FormField) -> str:
    unit = f" In {field.unit}." if field.unit else ""
    if field.is_required or field.default in ("", []):
        return f"{field.help}{unit}"
    default = field.default
    if isinstance(default, list):
        default = f"{len(default)} sentences" if "sentences" in field.name else " ".join(default)
    return f"{field.help}{unit} Default: {default}."
