"""The launcher's half of each recipe. Nothing outside this package knows which recipe runs."""

from __future__ import annotations

import importlib
import json
from typing import cast

from launcher.recipes.base import Plain, Recipe
from pod_image.contract.settings import RecipeName, RunSettings


def recipe_of(settings: RunSettings) -> Recipe:
    """The recipe that these settings run: `launcher.recipes.<name>.recipe.RECIPE`."""
    return _load(settings.recipe)


def recipe_of_run(settings_json: str) -> Recipe:
    """The recipe of a run in the history; a plain one for a recipe that this release does not have."""
    name = json.loads(settings_json).get("recipe", RunSettings().recipe.value)
    return _load(RecipeName(name)) if name in set(RecipeName) else Plain()


def _load(name: RecipeName) -> Recipe:
    return cast(Recipe, importlib.import_module(f"{__name__}.{name.value}.recipe").RECIPE)
