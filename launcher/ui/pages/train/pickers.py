"""Lists beside the fields whose values can be chosen, as each setting's marker has it. Typing always remains."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from launcher.errors import LauncherError
from launcher.forms.fields import FormField, Kind
from launcher.services.choosing.lists import VOICES
from launcher.services.choosing.option import Listing, Option
from launcher.services.choosing.published_voices import licence_of, sample_file
from launcher.ui.browsing import browse_beside
from launcher.ui.choosing import ChoosingDialog, choose_beside
from launcher.ui.frame import Shell, in_background
from launcher.ui.next_steps import on_page
from launcher.ui.pages.train.form import Choice, shown
from launcher.ui.pages.train.voice_samples import sample_url
from launcher.ui.widgets.elements import box, button, facts, hint, say
from launcher.ui.widgets.inputs import Field, Player
from pod_image.contract.knobs import Setting


class Pickers:
    """`taken` is called once a value was chosen, as if it had been typed, with whatever else belongs to it."""

    def __init__(self, shell: Shell, choice: Choice, taken: Callable[[], None]) -> None:
        self._shell, self._choice, self._taken = shell, choice, taken

    def beside(self, one: FormField, entry: Field) -> None:
        """Draw, in the field, the button that opens the list; nothing where there is nothing to choose from."""
        if one.setting is None:
            return
        knob = one.setting.knob
        if knob.is_local:
            browse_beside(
                self._shell, entry, lambda: str(entry.value).splitlines()[-1:][0] if entry.value else "",
                lambda path: self.take(one, Option(str(path), path.name)), name=one.label, takes_files=True,
                others=lambda: (self._shell.site.preferences.recordings_folder,),
            )  # fmt: skip
        elif knob.picks is not None:
            choose_beside(
                entry,
                one.label,
                lambda: PickDialog(self._shell, self, one, self._choice).show(),
            )

    def take(self, one: FormField, option: Option) -> None:
        """Put the value into the form; a list gets it beside what it has."""
        for name, value in option.also.items():
            self._choice.put(name, value)
        typed = option.value
        if one.kind is Kind.LIST:
            has = list(self._choice.composed.settings.model_dump(mode="json")[one.name])
            typed = shown(one, has if typed in has else [*has, typed])
        self._choice.enter(one, typed)
        self._taken()
        self._shell.announce(f"{one.label}: {option.title}.")

    def continue_run(self) -> None:
        """What is chosen next is gone on with."""
        self._choice.draft.resume = True

    def reset(self, one: FormField) -> None:
        self._choice.reset(one.name)
        self._taken()


class PickDialog:
    """One list, asked for when it is opened."""

    def __init__(self, shell: Shell, pickers: Pickers, one: FormField, choice: Choice) -> None:
        self._shell, self._pickers, self._one, self._choice = shell, pickers, one, choice
        self._listing = Listing()
        self._looked_at = ""
        self._dialog = ChoosingDialog(shell, one.label)
        if one.name in choice.draft.given:
            with self._dialog.actions:
                reset = button(_usual(choice), self._reset, kind="quiet", symbol="refresh")
            reset.mark("reset").move(target_index=0)

    def show(self) -> None:
        self._dialog.show()
        self._dialog.wait()
        in_background(self._load(), name=f"choices for {self._one.name}")

    async def _load(self) -> None:
        session = await self._shell.session()
        values = self._choice.composed.settings.model_dump(mode="json")
        self._listing = await self._shell.site.choices.of(session, self._setting, values)
        if self._dialog.is_deleted:
            return
        speaks = self._setting.knob.picks in VOICES
        picker = self._dialog.list(
            self._listing, self._picked, on_look=self._look if speaks else None
        )
        if picker is not None and speaks:
            with picker:
                self._closer = box("div", "stack-small")

    @property
    def _setting(self) -> Setting:
        assert self._one.setting is not None
        return self._one.setting

    def _picked(self, value: str) -> None:
        option = self._option(value) or Option(value, value)
        self._dialog.hide()
        if self._listing.continues:
            self._pickers.continue_run()
        self._pickers.take(self._one, option)

    def _option(self, value: str) -> Option | None:
        return next((each for each in self._listing.options if each.value == value), None)

    def _reset(self) -> None:
        self._dialog.hide()
        self._pickers.reset(self._one)

    async def _look(self, value: str) -> None:
        """A sound of it and what its card says, unless another row was come to meanwhile."""
        option = self._option(value)
        if option is None or not option.sound:
            self._closer.clear()
            return
        self._looked_at = value
        self._closer.clear()
        with self._closer:
            hint("Loading a sample…")
        bench = (await self._shell.session()).bench
        sound, terms = await asyncio.gather(
            _had(sample_file(bench, option.sound)), _had(licence_of(bench, option.sound))
        )
        if self._looked_at != value or self._dialog.is_deleted:
            return
        self._closer.clear()
        with self._closer:
            _draw_sound(option, sound)
            licence = on_page(terms.message) if isinstance(terms, LauncherError) else terms
            facts([("Licence, as its card says", licence or "its card names none")], "facts-list")


async def _had(asked: Any) -> Any:
    """The answer, or the error in its place: one of two answers is better than none."""
    try:
        return await asked
    except LauncherError as error:
        return error


def _draw_sound(option: Option, sound: Path | LauncherError | None) -> None:
    if isinstance(sound, LauncherError):
        say("warning", "The sample is not available.", on_page(sound.message))
    elif sound is None:
        hint("No sample was published.")
    else:
        with box("div", "row"):
            Player(sample_url(option.sound), option.title, name=f"voice-{option.sound}")
            hint("Hear it before you choose.")


def _usual(choice: Choice) -> str:
    return "Use the preset's value" if choice.preset else "Use the default"
