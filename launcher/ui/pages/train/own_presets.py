"""A person's own presets on the page: named and described anew, deleted, and brought back."""

from __future__ import annotations

from collections.abc import Callable

from launcher.errors import LauncherError
from launcher.presets import (
    delete_preset,
    find_preset,
    rename_preset,
    restore_preset,
    save_preset,
)
from launcher.ui.frame import Shell, show_error
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import box, button, notice
from launcher.ui.widgets.inputs import Field


class OwnPresets:
    """`changed` hears of every change, with the name before and after it; an empty one where there is none."""

    def __init__(self, shell: Shell, changed: Callable[[str, str], None]) -> None:
        self._shell, self._changed = shell, changed
        self._name = ""
        self.news = box("div", "stack-small").mark("preset-news")
        self._dialog = Dialog("Name and description")
        with self._dialog.body:
            self._new_name = Field(
                "rename-preset", "Name", hint="Lower-case letters, digits and hyphens."
            )
            self._title = Field("retitle-preset", "Title")
            self._description = Field(
                "redescribe-preset", "Description", kind="area", hint="When to use it."
            )
            self._trouble = box("div")
        with self._dialog.actions:
            button("Cancel", self._dialog.hide)
            save = button("Save it", self._save, kind="primary").mark("save-preset-words")
        for entry in (self._new_name, self._title):
            entry.enters(save)

    def edit(self, name: str) -> None:
        self._name = name
        self._trouble.clear()
        try:
            preset = find_preset(self._shell.site.config, name)
        except LauncherError as error:
            self._say_error(error)
            return
        self._new_name.show(value=name)
        self._title.show(value=preset.title)
        self._description.show(value=preset.description)
        self._dialog.show()

    def _save(self) -> None:
        config, before = self._shell.site.config, self._name
        after = str(self._new_name.value).strip()
        self._trouble.clear()
        try:
            preset = find_preset(config, before)
            if after != before:
                rename_preset(config, before, after)
            title, words = str(self._title.value).strip(), str(self._description.value).strip()
            if (title, words) != (preset.title, preset.description):
                save_preset(config, after, preset.values, title, words)
        except LauncherError as error:
            with self._trouble:
                show_error(error)
            return
        self._dialog.hide()
        self._changed(before, after)
        self._shell.announce(f"Preset {after} saved.")

    def delete(self, name: str) -> None:
        """At once, with a way back: nobody has to be asked first."""
        try:
            delete_preset(self._shell.site.config, name)
        except LauncherError as error:
            self._say_error(error)
            return
        self._changed(name, "")
        self.offer_undo(name, f"Preset {name} is deleted.")

    def offer_undo(self, name: str, said: str) -> None:
        """Say what was done, with a button that brings back what the file held before."""
        self.news.clear()
        with self.news, notice("note", said):
            button("Undo", lambda: self._undo(name), symbol="undo").mark("undo-preset")
        self._shell.announce(said)

    def _undo(self, name: str) -> None:
        try:
            restore_preset(self._shell.site.config, name)
        except LauncherError as error:
            self._say_error(error)
            return
        self.news.clear()
        self._changed("", name)
        self._shell.announce(f"Preset {name} is there again.")

    def _say_error(self, error: LauncherError) -> None:
        self.news.clear()
        with self.news:
            show_error(error)
