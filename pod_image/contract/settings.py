"""Every setting of a run, put together from those of all runs and each recipe's own.

Options, form, presets, docs and validation derive from here.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_type_hints

from pydantic import BaseModel, Field, create_model

from pod_image.contract.common_settings import CommonSettings
from pod_image.contract.knobs import Knob, Setting, When, declared
from pod_image.contract.recipes import declarations, module_name
from pod_image.contract.recipes.base import Declaration
from pod_image.contract.results_address import results_in

GROUPS = ("What", "How much", "Where", "Limits")
"""In this order they are shown; within a group the settings of every run come first."""

RECIPES = declarations()


if TYPE_CHECKING:

    class RecipeName(StrEnum):
        """The recipes that are there; which, nothing but their own folders has to know."""

else:
    RecipeName = StrEnum(
        "RecipeName", {module_name(name).upper(): name for name in RECIPES}, module=__name__
    )


class Flat(BaseModel):
    """All settings of a run, flat: names are unique, groups are in the markers.

    Values that do not apply keep their default and are not sent.
    """

    model_config = CommonSettings.model_config

    @property
    def results(self) -> str:
        """Where they go, as the launcher names it: a repo, or a folder with the machine that it is on."""
        return results_in(dict(self))

    @property
    def results_there(self) -> str:
        """The same as the run itself names it, on its machine."""
        return results_in({**dict(self), "host": ""})

    def applicable(self) -> dict[str, Any]:
        """Every value that applies, spelt out, as JSON types: what the pod is sent."""
        values = self.model_dump(mode="json")
        return {name: value for name, value in values.items() if SETTINGS[name].applies(values)}


def flat_settings(recipes: Mapping[str, Declaration], names: type[StrEnum]) -> type[Flat]:
    """The class of all settings: which recipe runs, those of every run, and what the recipes declare.

    Raises TypeError for a name that is declared for two different things.
    """
    fields = {"recipe": _recipe_field(recipes, names), **_declared_in(CommonSettings)}
    users: dict[str, list[str]] = {}
    for recipe, declaration in recipes.items():
        for name, field in _declared_in(declaration.settings).items():
            if not _is_same(fields.setdefault(name, field), field):
                raise TypeError(
                    f"recipe {recipe} declares {name}, which is another setting already"
                )
            if name not in CommonSettings.model_fields:
                users.setdefault(name, []).append(recipe)
    for name, (annotation, default) in fields.items():
        requiring = [each for each, declared in recipes.items() if name in declared.requires]
        fields[name] = (_marked(annotation, users.get(name, []), requiring), default)
    by_group: dict[str, Any] = dict(
        sorted(fields.items(), key=lambda item: GROUPS.index(_knob(item[1][0]).group))
    )
    return create_model(
        "RunSettings", __base__=Flat, __module__=__name__, __doc__=Flat.__doc__, **by_group
    )


def _recipe_field(recipes: Mapping[str, Declaration], names: type[StrEnum]) -> tuple[Any, Any]:
    what = ", or ".join(declaration.does for declaration in recipes.values())
    about = Field(description=f"What runs on the pod: {what}.")
    return Annotated[
        names, about, Knob("Recipe", group="What", level="advanced", is_settled=True)
    ], names(next(iter(recipes)))


def _is_same(one: tuple[Any, Any], other: tuple[Any, Any]) -> bool:
    """By their words, unless they are one: pydantic's own fields are equal to nothing but themselves."""
    return (one[0] is other[0] and one[1] == other[1]) or repr(one) == repr(other)


def _declared_in(settings: type[BaseModel]) -> dict[str, tuple[Any, Any]]:
    """Annotation and default of each setting, in order of declaration."""
    hints: dict[str, Any] = {}
    for each in reversed(settings.__mro__):
        hints |= _own_annotations(each)
    return {name: (hints[name], field.default) for name, field in settings.model_fields.items()}


@cache
def _own_annotations(settings: type) -> dict[str, Any]:
    """Those of one class, read once: every recipe's settings have those of every run as well."""
    if not issubclass(settings, BaseModel) or settings is BaseModel:
        return {}
    own = SimpleNamespace(__annotations__=inspect.get_annotations(settings))
    return get_type_hints(own, vars(sys.modules[settings.__module__]), include_extras=True)


def _marked(annotation: Any, users: list[str], requiring: list[str]) -> Any:
    """The annotation, its marker saying to which recipes the setting applies and which cannot do without."""
    knob = _knob(annotation)
    marker = replace(
        knob,
        when=(*((When("recipe", tuple(users)),) if users else ()), *knob.when),
        required=knob.required or bool(requiring),
        required_when=(When("recipe", tuple(requiring)),) if requiring else knob.required_when,
    )
    plain, *metadata = get_args(annotation)
    return Annotated[plain, *(marker if item is knob else item for item in metadata)]


def _knob(annotation: Any) -> Knob:
    (knob,) = [item for item in get_args(annotation) if isinstance(item, Knob)]
    return knob


if TYPE_CHECKING:

    class RunSettings(CommonSettings, Flat):
        """As everybody may use it: the settings of every run. A recipe's own, see `CommonSettings.of`."""

        recipe: RecipeName

        def __init__(self, **values: Any) -> None: ...

else:
    RunSettings = flat_settings(RECIPES, RecipeName)

SETTINGS: dict[str, Setting] = declared(RunSettings)
