"""What can be run on a pod. Nothing outside this package knows which recipe runs."""

from __future__ import annotations

import importlib
from typing import cast

from pod_image.contract.recipes import module_name
from pod_image.contract.settings import RecipeName
from pod_image.recipes.base import Recipe


def load(name: RecipeName) -> Recipe:
    """The recipe of that name: `pod_image.recipes.<name>.recipe.RECIPE`, loaded without its heavy libraries."""
    module = f"{__name__}.{module_name(name.value)}.recipe"
    return cast(Recipe, importlib.import_module(module).RECIPE)
