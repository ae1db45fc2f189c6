"""Train: what, how much, where, limits; the price beside it; check, confirm, rent."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from nicegui import ui

from launcher.domain.offer import Offer
from launcher.domain.run import Run
from launcher.forms.fields import RECIPE
from launcher.presets import find_preset
from launcher.services.common.places import place_of
from launcher.ui.frame import Shell, page
from launcher.ui.pages.train.checks import Checks
from launcher.ui.pages.train.dataset_note import DatasetNote
from launcher.ui.pages.train.first_choice import first_choice
from launcher.ui.pages.train.form import Choice, SettingsForm
from launcher.ui.pages.train.gpu_table import GpuTable
from launcher.ui.pages.train.own_presets import OwnPresets
from launcher.ui.pages.train.pickers import Pickers
from launcher.ui.pages.train.preset_cards import PresetCards
from launcher.ui.pages.train.price import Price
from launcher.ui.pages.train.pricing import quote
from launcher.ui.pages.train.recipe_cards import RecipeCards
from launcher.ui.pages.train.run_text import RunText
from launcher.ui.pages.train.saving import SaveDialog
from launcher.ui.pages.train.secrets import CommandSecrets
from launcher.ui.pages.train.set_aside import SetAside
from launcher.ui.pages.train.voice_samples import register_samples
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import attributes, badge, box, button, card, details, hint, say
from launcher.ui.widgets.inputs import Field

REDRAW_SECONDS = 0.3
_CHECK = "to-check"
_BY_PRESET = "A preset sets everything. Change single values below if you want to."
_BY_HAND = "No preset is chosen: every value is the default or your own."


def register(site: Site, outer: FastAPI) -> None:
    register_samples(site, outer)
    page(
        site,
        "/train",
        "Train",
        _build,
        lead=(
            "Choose what to train. A preset and two names are enough. Nothing is rented before you see the "
            "price and confirm."
        ),
    )


async def _build(
    shell: Shell,
    preset: str = "",
    dataset: str = "",
    again: str = "",
    resume: str = "",
    smaller: str = "",
) -> None:
    choice = first_choice(
        shell, preset=preset, dataset=dataset, again=again, resume=resume, smaller=smaller
    )
    _TrainPage(shell, choice).draw()


class _TrainPage:
    """Holds the parts of the page together: every change goes through `_changed`."""

    def __init__(self, shell: Shell, choice: Choice) -> None:
        self.shell, self.choice = shell, choice
        self.site = shell.site
        self.form = SettingsForm(
            choice, self._changed, Pickers(shell, choice, self._taken_over).beside
        )
        self._redraw: ui.timer | None = None
        self._history: list[Run] = []
        self._notes_shown: tuple[str, ...] = ()
        self._gone = ""
        """The preset that was chosen when it was deleted, until another choice."""

    def draw(self) -> None:
        self._history = self.site.history.runs()
        self.shell.skip_to("Skip to the check", _CHECK)
        with box("div", "with-side"):
            with box("div", "stack"):
                self._what()
                self._how_much()
                self._where()
                self._limits()
                self._text = RunText(self.site, self.choice, self._taken_over)
            with box("div", "side"):
                self._side()
        self.form.refresh()
        self._changed(is_first=True)

    # blocks

    def _what(self) -> None:
        preferences = self.site.preferences
        with card("1 · What"):
            hint("What to train, on which data, and where the results go.")
            self._recipes = RecipeCards(self.site, self.choice, self._recipe_chosen)
            self._notes = box("div", "stack-small").mark("older-settings")
            self._set_aside = SetAside(self.choice, self._taken_over)
            self.form.draw(
                "What",
                leave_out=(RECIPE,),
                suggestions={name: [value] for name, value in preferences.last_used.items()},
            )
            self._secrets = CommandSecrets(self.shell, self._changed)
            self._dataset = DatasetNote(self.shell, self._learned)
            self._resume_switch()

    def _resume_switch(self) -> None:
        with details("Continue an earlier run", is_open=self.choice.draft.resume):
            self._resume = Field(
                "resume",
                "Continue the run with this run ID from its newest checkpoint",
                kind="switch",
                value=self.choice.draft.resume,
                on_commit=self._set_resume,
                hint="Choose the run, or type its id, under More settings: what.",
            )

    def _how_much(self) -> None:
        with card("2 · How much"):
            with box("div", "row spread"):
                self._how_much_hint = hint("")
                self._changed_badge = badge("", "live")
            self._own = OwnPresets(self.shell, self._own_changed)
            self.presets = PresetCards(
                self.site,
                self.choice,
                self._preset_chosen,
                edit=self._own.edit,
                delete=self._own.delete,
            )
            with details("Change single values", marker="more-values"):
                search = Field(
                    "search",
                    "Find a setting",
                    on_commit=self._search,
                    placeholder="batch, disk, seed…",
                )
                search.classes("wide")
                self._search_result = hint("")
                self.form.draw("How much")
            save = SaveDialog(self.shell, self.choice, self._preset_saved)
            with box("div", "row"):
                self._back = button(
                    "Back to the preset", self._reset, kind="quiet", symbol="refresh"
                )
                button("Save as my preset", save.show, kind="quiet", symbol="save")

    def _where(self) -> None:
        with card("3 · Where"):
            hint(
                "The GPU to rent. The first line is preselected: the cheapest one that is large enough and available."
            )
            self.gpus = GpuTable(self.shell, self.choice, self._changed, self._learned)
            self.form.draw("Where", leave_out=("gpu_types",))

    def _limits(self) -> None:
        with card("4 · Limits"):
            hint(
                "Whichever limit is reached first ends the run. Training stops early enough to try to deliver "
                "what was trained."
            )
            self.form.draw("Limits")

    def _side(self) -> None:
        with card(classes="price-card") as panel:
            attributes(panel, id=_CHECK, tabindex="-1")
            self._price = Price()
            self._checks = Checks(self.shell, self.choice, self.form)
        self._checks.draw_results()

    # changes

    def _changed(self, *, is_first: bool = False) -> None:
        settings = self.choice.composed.settings
        self._secrets.follow(settings)
        is_other = self._dataset.ask(settings)
        self._checks.forget(is_other_dataset=is_other and not is_first)
        self._text.refresh()
        self._show_changes()
        self._show_notes()
        self._set_aside.refresh()
        self._price.show(quote(settings, self._dataset.summary, self._offers, self._history))
        if is_first:
            self._redraw_prices()  # which asks for prices, too
            return
        # The price is on its way before the long tables are drawn anew, once the person rests.
        if self._redraw is not None:
            self._redraw.cancel()
        with self.shell.content:
            self._redraw = ui.timer(REDRAW_SECONDS, self._redraw_prices, once=True)

    def _learned(self) -> None:
        """Prices came, or what the dataset holds: no setting is another, and what was checked stays."""
        settings = self.choice.composed.settings
        self._price.show(quote(settings, self._dataset.summary, self._offers, self._history))
        self._redraw_prices()

    def _redraw_prices(self) -> None:
        self.presets.refresh(self._dataset.summary, self._offers, self._history)
        self.gpus.refresh(self.choice.composed.settings, self._dataset.summary, self._history)

    @property
    def _offers(self) -> Sequence[Offer] | None:
        """What can be rented, as far as it was asked for."""
        settings = self.choice.composed.settings
        prices = self.site.market.known_prices(place_of(settings).name, settings.gpu_count)
        return prices.offers if prices else None

    def _show_changes(self) -> None:
        has_preset = self.choice.preset is not None
        self._how_much_hint.text = _BY_PRESET if has_preset else _BY_HAND
        self._back.set_visibility(has_preset)
        changed = len(self.choice.changed) if self.choice.preset else 0
        self._changed_badge.text = f"{changed} changed" if changed else ""
        self._changed_badge.set_visibility(bool(changed))

    def _show_notes(self) -> None:
        """What an older release called otherwise, once for each change of what is said."""
        notes = self.choice.composed.notes
        if notes == self._notes_shown:
            return
        self._notes_shown = notes
        self._notes.clear()
        with self._notes:
            for note in notes:
                say("note", note)

    def _taken_over(self) -> None:
        self._gone = ""
        self._resume.show(value=self.choice.draft.resume)
        self.form.refresh()
        self._recipes.refresh()
        self.presets.follow_the_recipe()
        self._changed()

    def _recipe_chosen(self) -> None:
        self._taken_over()
        self.shell.announce("The settings below now match your choice.")

    def _preset_chosen(self) -> None:
        self._taken_over()
        self.shell.announce(f"Preset chosen. {self._price.text}")

    def _preset_saved(self, name: str, is_replaced: bool) -> None:
        self._choose(name)
        if is_replaced:
            self._own.offer_undo(name, f"Preset {name} was saved over.")

    def _own_changed(self, before: str, after: str) -> None:
        """What is chosen follows its preset to another name, and to what the file holds now; of one that is gone its
        values stay, as the person's own, until it comes back."""
        chosen = self.choice.draft.preset or self._gone
        if chosen not in {before, after} - {""}:  # where none is chosen, none follows
            self.presets.draw()
        elif after:
            self._choose(after)
        else:
            self.choice.let_go_of_preset()
            self._taken_over()
            self.presets.draw()
            self._gone = before

    def _choose(self, name: str) -> None:
        self.choice.choose_preset(find_preset(self.site.config, name))
        self.presets.draw()
        self._taken_over()

    def _set_resume(self, value: object) -> None:
        self.choice.draft.resume = bool(value)
        self._changed()

    def _reset(self) -> None:
        before = dict(self.choice.draft.given)
        for name in self.choice.changed:
            self.choice.reset(name)
        self.choice.errors.clear()
        self.choice.set_aside(before)
        self._taken_over()

    def _search(self, text: object) -> None:
        found = self.form.search(str(text or ""))
        self._search_result.text = f"{found} found, marked with a frame" if text else ""
