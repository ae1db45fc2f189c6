"""Goes to `pod_image/recipes/greeting/recipe.py`."""

from __future__ import annotations

from pod_image.contract.interpreter import program_command
from pod_image.contract.settings import RunSettings
from pod_image.recipes.base import Recipe
from pod_image.recipes.command.recipe import CommandRecipe, Job
from tests.whole.third_recipe.on_a_command.contract import GreetingSettings

PROGRAM = "import pathlib, sys; pathlib.Path('out/card.txt').write_text(f'Hello {sys.argv[1]}')"


class GreetingRecipe(CommandRecipe):
    name = "greeting"

    def job(self, settings: RunSettings) -> Job:
        greeted = GreetingSettings.of(settings).greeted
        return Job((*program_command(PROGRAM), greeted), ("out/**",))


RECIPE: Recipe = GreetingRecipe()
