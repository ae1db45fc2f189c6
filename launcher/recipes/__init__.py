"""The launcher's half of each recipe. Nothing outside this package knows which recipe runs."""

from __future__ import annotations

import functools
import importlib
from typing import cast

from launcher.recipes.base import Plain, Recipe, SmallerTry
from pod_image.contract.older_settings import known_settings, recorded_settings
from pod_image.contract.recipes import module_name
from pod_image.contract.settings import RecipeName, RunSettings


def recipe_of(settings: RunSettings) -> Recipe:
    """The recipe that these settings run: `launcher.recipes.<name>.recipe.RECIPE`."""
    return _load(settings.recipe)


@functools.lru_cache(maxsize=64)
def recipe_of_run(settings_json: str) -> Recipe:
    """The recipe of a run in the history; a plain one for a recipe that this release does not have."""
    name = recorded_settings(settings_json).get("recipe", RunSettings().recipe.value)
    try:
        return _load(RecipeName(name))
    except ValueError:
        return Plain()


def settings_of_run(settings_json: str) -> RunSettings | None:
    """The settings of a run in the history; None where a value is one that this release does not take."""
    try:
        return known_settings(settings_json)
    except ValueError:
        return None


def smaller_try_of_run(settings_json: str) -> SmallerTry | None:
    """How a run in the history would need less GPU memory; None where nobody knows, or cannot tell what it had."""
    settings = settings_of_run(settings_json)
    smaller = recipe_of(settings).smaller_try(settings) if settings else None
    is_known = smaller is not None and set(smaller.given) <= set(recorded_settings(settings_json))
    return smaller if is_known else None


def _load(name: RecipeName) -> Recipe:
    module = f"{__name__}.{module_name(name.value)}.recipe"
    return cast(Recipe, importlib.import_module(module).RECIPE)
