"""What a run's recipe wants done: the recipe for commands itself, or one that is built on it."""

from __future__ import annotations

from pod_image.contract.settings import RunSettings
from pod_image.recipes import load
from pod_image.recipes.command.recipe import CommandRecipe, Job


def job_of(settings: RunSettings) -> Job:
    recipe = load(settings.recipe)
    assert isinstance(recipe, CommandRecipe), recipe
    return recipe.job(settings)
