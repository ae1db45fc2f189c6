"""Presets as cards, each with its time and price for the dataset at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary
from launcher.domain.run import Run
from launcher.errors import InvalidRequest
from launcher.forms.fields import RECIPE
from launcher.forms.scopes import beside_any_preset
from launcher.presets import BrokenPreset, Preset, look_at_presets
from launcher.services.planning.compose import compose_so_far
from launcher.ui.next_steps import on_page
from launcher.ui.pages.train.form import Choice
from launcher.ui.pages.train.pricing import quote
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import (
    Text,
    attributes,
    badge,
    box,
    button,
    details,
    hint,
)
from pod_image.contract.figures import dollars, roughly
from pod_image.contract.next_steps import joined
from pod_image.contract.plain import plain_lines
from pod_image.contract.settings import RunSettings

ORDER = ("quick-check", "finetune-medium", "finetune-high", "cheapest", "from-scratch-medium")


class PresetCards:
    """Radio buttons in cards. `chosen` is called after the choice has taken another preset; `edit` and `delete` are
    what the buttons of the person's own presets do, by name."""

    def __init__(
        self,
        site: Site,
        choice: Choice,
        chosen: Callable[[], None],
        *,
        edit: Callable[[str], None],
        delete: Callable[[str], None],
    ) -> None:
        self._site, self._choice, self._chosen = site, choice, chosen
        self._edit, self._delete = edit, delete
        self._prices: dict[str, tuple[Preset, Text]] = {}
        self._composed: dict[str, tuple[tuple[Preset, dict[str, Any]], RunSettings | str]] = {}
        self._place = box("div", "grid-2", role="radiogroup", aria_label="Preset")
        self._place.mark("presets")
        self._drawn_for = ""
        self.draw()

    def draw(self) -> None:
        """Those for what is trained, as they are on the disk now."""
        self._drawn_for = self._trained
        found = look_at_presets(self._site.config)
        self._place.clear()
        self._prices.clear()
        with self._place:
            for preset in in_order(found.usable):
                if recipe_of_preset(preset) == self._drawn_for:
                    with box("div", "pick-and-buttons"):
                        self._card(preset)
                        if not preset.is_built_in:
                            self._buttons(preset)
            for broken in found.broken:
                self._broken(broken)

    def follow_the_recipe(self) -> None:
        """Draw others where something else is trained now."""
        if self._drawn_for != self._trained:
            self.draw()

    @property
    def _trained(self) -> str:
        return self._choice.composed.settings.recipe.value

    def refresh(
        self, dataset: DatasetSummary | None, offers: Sequence[Offer] | None, history: Sequence[Run]
    ) -> None:
        """Bring the prices up to date."""
        for preset, words in self._prices.values():
            words.text = self._price_text(preset, dataset, offers, history)

    def _card(self, preset: Preset) -> None:
        is_chosen = self._choice.draft.preset == preset.name
        with box("label", "pick").mark(f"preset-{preset.name}") as label:
            with box("span", "pick-title"):
                radio = box("input", type="radio", name="preset", value=preset.name)
                is_usable = not isinstance(self._settings_with(preset), str)
                attributes(radio, checked="" if is_chosen else None, disabled=_flag(not is_usable))
                Text("span", preset.title)
                self._whose(preset)
            hint(preset.description)
            self._prices[preset.name] = (preset, Text("span", "", "small figure"))
        radio.mark(f"choose-{preset.name}").on("change", lambda: self._take(preset))
        label.mark(f"preset-{preset.name}")

    def _whose(self, preset: Preset) -> None:
        if not preset.is_built_in:
            badge("mine")
            return
        built_in = badge("built in")
        built_in.props["title"] = (
            "It is built in and cannot be changed; save it under your own name to change it."
        )

    def _buttons(self, preset: Preset) -> None:
        with box("div", "row row-buttons"):
            edit = button("Name and description…", lambda: self._edit(preset.name), kind="quiet")
            edit.mark(f"edit-{preset.name}")
            remove = button("Delete", lambda: self._delete(preset.name), kind="quiet")
            remove.props["aria-label"] = f"Delete preset {preset.title}"
            remove.mark(f"delete-preset-{preset.name}")

    def _broken(self, broken: BrokenPreset) -> None:
        """What cannot be chosen is shown all the same: its file is the person's."""
        with box("div", "pick-and-buttons").mark(f"broken-{broken.name}"):
            with box("div", "pick"):
                with box("span", "pick-title"):
                    Text("span", broken.name)
                    badge("cannot be used", "bad")
                hint(on_page(joined([broken.error.message, broken.error.hint])))
                with details("Look at the file"):
                    shown = Text("pre", plain_lines(broken.text()), "code")
                    attributes(shown, tabindex="0")
            with box("div", "row row-buttons"):
                remove = button("Delete", lambda: self._delete(broken.name), kind="quiet")
                remove.props["aria-label"] = f"Delete the file of {broken.name}"
                remove.mark(f"delete-preset-{broken.name}")

    def _take(self, preset: Preset) -> None:
        if isinstance(self._settings_with(preset), str):
            return  # its card says why
        self._choice.choose_preset(preset)
        self._choice.draft.touched = True
        self._site.prefer(last_preset=preset.name)
        self._chosen()

    def _price_text(
        self,
        preset: Preset,
        dataset: DatasetSummary | None,
        offers: Sequence[Offer] | None,
        history: Sequence[Run],
    ) -> str:
        settings = self._settings_with(preset)
        if isinstance(settings, str):
            return settings
        found = quote(settings, dataset, offers, history)
        most = f"at most {dollars(found.worst_case_usd)}"
        if found.estimate is None or found.offer is None:
            return f"{most}, {roughly(found.hours_until_capped)}"
        hours = min(found.estimate.hours, found.hours_until_capped)
        cost = min(found.estimate.cost_usd, found.worst_case_usd)
        words = f"about {roughly(hours)}, {dollars(cost)} on {found.offer.gpu_name} ({most})"
        return words if dataset is None else f"With this dataset: {words}"

    def _settings_with(self, preset: Preset) -> RunSettings | str:
        """What the choice would be with this preset, put together anew only when that changes; or why it cannot be."""
        given = beside_any_preset(self._choice.draft.given)
        made_of = (preset, given)
        known = self._composed.get(preset.name)
        if known is None or known[0] != made_of:
            try:
                known = (made_of, compose_so_far(preset, given).settings)
            except InvalidRequest as error:
                known = (made_of, on_page(joined([error.message, error.hint])))
            self._composed[preset.name] = known
        return known[1]


def _flag(is_set: bool) -> str | None:
    return "" if is_set else None


def recipe_of_preset(preset: Preset) -> str:
    """What it trains; the usual recipe where it does not say."""
    return str(preset.values.get(RECIPE, RunSettings().recipe.value))


def in_order(presets: Iterable[Preset]) -> list[Preset]:
    """As they are offered."""
    return sorted(presets, key=_order)


def _order(preset: Preset) -> tuple[bool, Any]:
    known = preset.name in ORDER
    return not known, ORDER.index(preset.name) if known else preset.name
