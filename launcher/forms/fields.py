"""Each declared setting as a form field: kind, limits and words, without pydantic's own shapes."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

from pydantic.fields import FieldInfo

from pod_image.contract.knobs import Level, Setting, grouped
from pod_image.contract.settings import SETTINGS

RECIPE = "recipe"
"""The setting that says what runs, and so which others there are."""


class Kind(StrEnum):
    """What a person enters."""

    TEXT = "text"
    CHOICE = "choice"
    INTEGER = "integer"
    NUMBER = "number"
    LIST = "list"


@dataclass(frozen=True)
class FormField:
    """One setting as it is shown. `minimum` and `maximum` are inclusive unless `above` says otherwise."""

    name: str
    label: str
    group: str
    help: str
    kind: Kind
    default: Any
    """As JSON: an enum's value, a list for a tuple."""
    level: Level = "basic"
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    """The value has to be greater than this; exclusive."""
    is_required: bool = False
    empty_means: str = ""
    separator: str = ""
    """Between the entries of a list."""
    written: str = ""
    """How a value is written, as a sentence."""
    setting: Setting | None = None

    def is_for(self, recipe: str) -> bool:
        """Whether runs of that recipe can have it."""
        conditions = self.setting.knob.when if self.setting else ()
        return all(one.holds({RECIPE: recipe}) for one in conditions if one.setting == RECIPE)

    @property
    def limits(self) -> str:
        """The range in words, such as "1 to 256", or nothing."""
        if self.above is not None:
            return f"over {self.above:g}" + (f", up to {self.maximum:g}" if self.maximum else "")
        if self.minimum is not None and self.maximum is not None:
            return f"{_figure(self.minimum)} to {_figure(self.maximum)}"
        return ""

    def applies(self, values: typing.Mapping[str, Any]) -> bool:
        """Whether the setting means anything beside these values."""
        return self.setting is None or self.setting.applies(values)


def fields() -> Iterator[tuple[str, list[FormField]]]:
    """Every setting by group, in order of declaration."""
    for group, settings in grouped(SETTINGS):
        yield group, [form_field(setting) for setting in settings]


def form_field(setting: Setting) -> FormField:
    kind, choices = _kind(setting)
    limits = _limits(setting.field)
    return FormField(
        name=setting.name,
        label=setting.knob.label,
        group=setting.knob.group,
        help=setting.help,
        kind=kind,
        default=plain(setting.default),
        level=setting.knob.level,
        unit=setting.knob.unit,
        choices=choices,
        minimum=limits.get("ge"),
        maximum=limits.get("le"),
        above=limits.get("gt"),
        is_required=setting.knob.required,
        empty_means=setting.knob.empty_means,
        separator=setting.knob.separator,
        written=setting.knob.written,
        setting=setting,
    )


def _kind(setting: Setting) -> tuple[Kind, tuple[str, ...]]:
    annotation = setting.field.annotation
    if setting.is_list:
        return Kind.LIST, ()
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Kind.CHOICE, tuple(str(member.value) for member in annotation)
    if annotation is int:
        return Kind.INTEGER, ()
    if annotation is float:
        return Kind.NUMBER, ()
    return Kind.TEXT, ()


def _limits(field: FieldInfo) -> dict[str, float]:
    found: dict[str, float] = {}
    for item in field.metadata:
        for name in ("ge", "le", "gt"):
            value = getattr(item, name, None)
            if value is not None:
                found[name] = value
    return found


def plain(value: Any) -> Any:
    """A value of a setting as TOML and JSON can hold it."""
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _figure(value: float) -> str:
    return f"{value:,.15g}"
