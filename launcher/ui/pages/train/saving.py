"""Keeping the choice as a preset of one's own, under a new name or in place of what one has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launcher.errors import LauncherError
from launcher.forms.scopes import kept_by_a_preset
from launcher.presets import own_preset_exists, save_preset
from launcher.ui.frame import Shell, show_error
from launcher.ui.pages.train.form import Choice
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Button, box, button, hint, say
from launcher.ui.widgets.inputs import Field

_NAME_HINT = "Lower-case letters, digits and hyphens, such as my-voice."


class SaveDialog:
    """`saved` hears of the name. What is saved over can be brought back."""

    def __init__(self, shell: Shell, choice: Choice, saved: Callable[[str, bool], None]) -> None:
        self._shell, self._choice, self._saved = shell, choice, saved
        self._agreed = ""
        self._dialog = Dialog("Save as my preset")
        with self._dialog.body:
            self._what = hint("")
            self._name = Field(
                "preset-name", "Name", hint=_NAME_HINT, on_commit=self._retyped, is_draft=True
            )
            self._title = Field("preset-title", "Title", hint="A few words. Default: the name.")
            self._description = Field(
                "preset-description", "Description", kind="area", hint="When to use it."
            )
            self._place = box("div")
        with self._dialog.actions:
            button("Cancel", self._dialog.hide)
            self._go: Button = button("Save", self._save, kind="primary").mark("save-preset")
        for entry in (self._name, self._title):
            entry.enters(self._go)

    def show(self) -> None:
        """With the name and words of the preset that was chosen, where that is the person's own."""
        preset = self._choice.preset
        own = preset if preset is not None and not preset.is_built_in else None
        self._name.show(value=own.name if own else "")
        self._title.show(value=own.title if own and own.title != own.name else "")
        self._description.show(value=own.description if own else "")
        self._what.text = (
            f"{own.title} gets the settings as they are now. Another name leaves it unchanged."
            if own
            else "The settings as they are now, without the names of this one run."
        )
        self._agreed = own.name if own else ""
        self._go.label.text = f"Save over {own.name}" if own else "Save"
        self._place.clear()
        self._dialog.show()

    def _retyped(self, name: object) -> None:
        is_agreed = bool(self._agreed) and str(name).strip() == self._agreed
        self._go.label.text = f"Save over {self._agreed}" if is_agreed else "Save"
        self._place.clear()

    def _save(self) -> None:
        name = str(self._name.value).strip()
        config = self._shell.site.config
        self._place.clear()
        replaces = own_preset_exists(config, name)
        if replaces and name != self._agreed:
            self._ask(name)
            return
        title, description = str(self._title.value).strip(), str(self._description.value).strip()
        try:
            save_preset(config, name, kept_values(self._choice), title, description)
        except LauncherError as error:
            with self._place:
                show_error(error)
            return
        self._dialog.hide()
        for entry in (self._name, self._title, self._description):
            entry.used()
        self._saved(name, replaces)
        self._shell.announce(f"Preset {name} saved.")

    def _ask(self, name: str) -> None:
        self._agreed = name
        self._go.label.text = f"Save over {name}"
        with self._place:
            say(
                "warning",
                f"You have a preset {name} already.",
                "Press “Save over” to replace it, or type another name.",
                alert=True,
            )


def kept_values(choice: Choice) -> dict[str, Any]:
    """What a preset of this choice holds: the preset's values and what was changed, without names of one run."""
    base = dict(choice.preset.values) if choice.preset else {}
    return kept_by_a_preset({**base, **choice.draft.given})
