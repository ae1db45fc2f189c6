"""Goes to `launcher/recipes/greeting/recipe.py`."""

from __future__ import annotations

from launcher.recipes.base import Recipe
from launcher.recipes.command.recipe import CommandRecipe
from pod_image.contract.settings import RunSettings
from tests.whole.third_recipe.on_a_command.contract import GreetingSettings


class GreetingRecipe(CommandRecipe):
    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        return f"greeting {GreetingSettings.of(settings).greeted}"


RECIPE: Recipe = GreetingRecipe()
