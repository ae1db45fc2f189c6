"""Keeping the choice as a preset of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launcher.errors import LauncherError
from launcher.forms.scopes import kept_by_a_preset
from launcher.presets import save_preset
from launcher.ui.frame import Shell, show_error
from launcher.ui.pages.train.form import Choice
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import box, button
from launcher.ui.widgets.inputs import Field


class SaveDialog:
    def __init__(self, shell: Shell, choice: Choice, saved: Callable[[], None]) -> None:
        self._shell, self._choice, self._saved = shell, choice, saved
        self._dialog = Dialog("Save as my preset")
        with self._dialog.body:
            self._name = Field(
                "preset-name", "Name", hint="Small letters, digits and hyphens, such as my-voice."
            )
            self._place = box("div")
        with self._dialog.actions:
            button("Cancel", self._dialog.hide)
            self._name.enters(button("Save", self._save, kind="primary"))

    def show(self) -> None:
        self._place.clear()
        self._dialog.show()

    def _save(self) -> None:
        name = str(self._name.value).strip()
        self._place.clear()
        try:
            save_preset(self._shell.site.config, name, kept_values(self._choice))
        except LauncherError as error:
            with self._place:
                show_error(error)
            return
        self._dialog.hide()
        self._saved()
        self._shell.announce(f"Preset {name} saved.")


def kept_values(choice: Choice) -> dict[str, Any]:
    """What a preset of this choice holds: the preset's values and what was changed, without names of one run."""
    base = dict(choice.preset.values) if choice.preset else {}
    return kept_by_a_preset({**base, **choice.draft.given})
