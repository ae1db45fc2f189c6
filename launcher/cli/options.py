"""What is asked of a run on the command line: where settings come from, and one option per declared setting.

Loads neither a service nor a cloud: the help of `plan` and `deploy` is made of this.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.models import ArgumentInfo

from launcher.cli.flags import (
    FileOption,
    ForceOption,
    NoNotifyOption,
    NotifyOption,
    PresetOption,
    SetOption,
)
from launcher.cli.offering import OF_SETTINGS
from launcher.forms.fields import FormField, Kind, fields
from launcher.forms.option_names import option_of
from launcher.forms.values import entries
from pod_image.contract.settings import SETTINGS


@dataclass(frozen=True)
class Asked:
    """A run as it was typed. `values`: settings as text or lists of text; what was not given is not there."""

    values: Mapping[str, Any]
    command: tuple[str, ...] = ()
    """The words after `--`."""
    preset: str | None = None
    file: Path | None = None
    assignments: tuple[str, ...] = ()
    resume: bool = False
    forced: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    is_silent: bool = False
    """Nobody is told."""
    may_pod_tell: bool = True


def _takes_a_command() -> str:
    """Which recipes run the words after `--`."""
    recipes = {
        str(name)
        for setting in SETTINGS.values()
        if setting.knob.is_command
        for condition in setting.knob.when
        for name in condition.values
    }
    return f"For --recipe {' or '.join(sorted(recipes))}."


def _sources(
    command: Annotated[
        list[str] | None, typer.Argument(metavar="-- COMMAND...", help=_takes_a_command())
    ] = None,
    preset: PresetOption = None,
    file: FileOption = None,
    assignments: SetOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run given by --run-id.")
    ] = False,
    force: ForceOption = None,
    notify: NotifyOption = None,
    no_notify: NoNotifyOption = False,
    notify_here: Annotated[
        bool,
        typer.Option(
            "--notify-here",
            help="Send notifications only from this computer; the pod gets no address.",
        ),
    ] = False,
) -> dict[str, Any]:
    """What `plan` and `deploy` take beside their own options and the settings; declared here alone."""
    return {
        "command": tuple(command or ()),
        "preset": preset,
        "file": file,
        "assignments": tuple(assignments or ()),
        "resume": resume,
        "forced": tuple(force or ()),
        "notify": tuple(notify or ()),
        "is_silent": no_notify,
        "may_pod_tell": not notify_here,
    }


_OF_SETTINGS = ("command", "preset", "file", "assignments")


def asks_for_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command that begins no run: what settings come of, and nothing else."""
    return asks_for_a_run(function, _OF_SETTINGS)


def asks_for_a_run(
    function: Callable[..., Any], wanted: Collection[str] | None = None
) -> Callable[..., Any]:
    """Give a command the sources of settings and one option per setting; it receives all as one `asked: Asked`.

    The options have no defaults, so what the person typed is known exactly. Values stay text here: range
    and type are checked in one place for file, page and command line.
    """
    own = inspect.signature(function, eval_str=True).parameters
    all_sources = inspect.signature(_sources, eval_str=True).parameters
    sources = {name: each for name, each in all_sources.items() if wanted is None or name in wanted}
    settings = [field for _, group in fields() for field in group]

    def command(**given: Any) -> Any:
        from_sources = _sources(**{name: given.pop(name) for name in sources})
        typed = {field.name: _entered(field, given.pop(field.name, None)) for field in settings}
        values = {name: value for name, value in typed.items() if value not in (None, [], ())}
        values = {name: _first_alone(name, value) for name, value in values.items()}
        return function(asked=Asked(values, **from_sources), **given)

    kept = [parameter for name, parameter in own.items() if name != "asked"]
    first = [
        parameter for parameter in kept if _is_argument(parameter)
    ]  # before the words of a command
    rest = [parameter for parameter in kept if not _is_argument(parameter)]
    parameters = [*first, *sources.values(), *rest, *(_parameter(field) for field in settings)]
    # By name alone: one that is required may then come after one that is not.
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {item.name: item.annotation for item in parameters}
    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    return command


def _is_argument(parameter: inspect.Parameter) -> bool:
    named = getattr(parameter.annotation, "__metadata__", ())
    return any(isinstance(each, ArgumentInfo) for each in named)


def _parameter(field: FormField) -> inspect.Parameter:
    option = typer.Option(
        option_of(field.name),
        metavar=_metavar(field),
        help=_help(field),
        rich_help_panel=f"{field.group} (settings)",
        show_default=False,
        autocompletion=_completion(field),
    )
    is_several = field.kind is Kind.LIST or takes_several(field.name)
    kind: Any = list[str] | None if is_several else str | None
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind, option],
    )


def takes_several(name: str) -> bool:
    """Whether a setting with one value may be given more than once."""
    return bool(SETTINGS[name].knob.further)


def _first_alone(name: str, value: Any) -> Any:
    """A single one as it was typed: only several are a list."""
    return value[0] if takes_several(name) and len(value) == 1 else value


def _entered(field: FormField, value: Any) -> Any:
    """Names that are separated by commas may stand in one option, or in several."""
    if takes_several(field.name) and value:
        return [part.strip() for text in value for part in text.split(",") if part.strip()]
    if field.separator != "," or not value:
        return value
    return [entry for text in value for entry in entries(field, text)]


def _completion(field: FormField) -> Callable[..., list[str]] | None:
    return (lambda: list(field.choices)) if field.choices else OF_SETTINGS.get(field.name)


def _metavar(field: FormField) -> str:
    if field.kind is Kind.CHOICE:
        return "|".join(field.choices)
    if field.limits:
        return field.limits
    return {Kind.LIST: "TEXT...", Kind.TEXT: "TEXT"}.get(field.kind, "NUMBER")


def _help(field: FormField) -> str:
    unit = f" In {field.unit}." if field.unit else ""
    unit += " Repeatable." if takes_several(field.name) else ""
    if field.is_required or field.default in ("", []):
        return f"{field.help}{unit}"
    default = field.default
    if isinstance(default, list):
        is_prose = any(" " in entry for entry in default)
        default = f"{len(default)} sentences" if is_prose else " ".join(default)
    return f"{field.help}{unit} Default: {default}."
