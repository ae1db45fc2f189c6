"""What can be trained, as cards: the recipes, each in a few words. The fields below follow the choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from launcher.presets import Preset, look_at_presets
from launcher.ui.pages.train.form import Choice
from launcher.ui.pages.train.preset_cards import in_order, recipe_of_preset
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import Text, attributes, box, hint
from pod_image.contract.settings import RECIPES


class RecipeCards:
    """Radio buttons in cards. `chosen` is called after the choice has taken another recipe."""

    def __init__(self, site: Site, choice: Choice, chosen: Callable[[], None]) -> None:
        self._site, self._choice, self._chosen = site, choice, chosen
        self._place = box("div", "grid-3", role="radiogroup", aria_label="What is trained")
        self._place.mark("recipes")
        self._drawn = ""
        self.refresh()

    def refresh(self) -> None:
        """Mark the one that is chosen, whichever way it was."""
        recipe = self._choice.composed.settings.recipe.value
        if recipe == self._drawn:
            return
        self._drawn = recipe
        self._place.clear()
        with self._place:
            for name, declaration in RECIPES.items():
                self._card(name, declaration.title or name, declaration.about, name == recipe)

    def _card(self, recipe: str, title: str, about: str, is_chosen: bool) -> None:
        with box("label", "pick").mark(f"recipe-{recipe}"):
            with box("span", "pick-title"):
                radio = box("input", type="radio", name="recipe", value=recipe)
                attributes(radio, checked="" if is_chosen else None)
                Text("span", title)
            hint(about)
        radio.mark(f"train-{recipe}").on("change", lambda: self._take(recipe))

    def _take(self, recipe: str) -> None:
        preset = _usual(look_at_presets(self._site.config).usable, recipe)
        self._choice.choose_recipe(recipe, preset)
        self._choice.draft.touched = True
        self._site.prefer(last_preset=preset.name if preset else "")
        self._drawn = recipe
        self._chosen()


def _usual(presets: Sequence[Preset], recipe: str) -> Preset | None:
    """The preset that a recipe begins with."""
    for_it = [one for one in presets if one.is_built_in and recipe_of_preset(one) == recipe]
    return next(iter(in_order(for_it)), None)
