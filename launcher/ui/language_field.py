"""A field for a language, by its code or its name, with the list of languages beside it; for every page alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from launcher.services.choosing.languages import language_code, language_name, language_options
from launcher.services.choosing.option import Listing
from launcher.ui.choosing import ChoosingDialog, choose_beside
from launcher.ui.frame import Shell
from launcher.ui.widgets.elements import Text
from launcher.ui.widgets.inputs import Field


class LanguageField:
    """`changed` hears the code of each language that is typed or chosen."""

    def __init__(
        self,
        shell: Shell,
        name: str,
        label: str,
        *,
        value: str = "",
        placeholder: str = "",
        changed: Callable[[str], None] = lambda code: None,
    ) -> None:
        self._shell, self._label, self._changed = shell, label, changed
        self._field = Field(
            name, label, value=value, placeholder=placeholder, on_commit=self._take, is_draft=True
        )
        choose_beside(self._field, label, self._open)
        with self._field:
            self._meaning = Text("span", language_name(value), "field-meaning")

    @property
    def code(self) -> str:
        """Such as "en_US"; what was typed, where it names no language of the list; empty without any."""
        return language_code(str(self._field.value or "").strip())

    def _take(self, typed: object) -> None:
        code = language_code(str(typed or "").strip())
        self._field.show(value=code)
        self._meaning.text = language_name(code)
        self._changed(code)

    def _open(self) -> None:
        dialog = ChoosingDialog(self._shell, self._label)

        def picked(code: str) -> None:
            dialog.hide()
            self._take(code)
            self._shell.announce(f"{self._label}: {language_name(code)}.")

        # Whether it can be read is a question of training, not of what is spoken.
        options = tuple(replace(one, reason="") for one in language_options())
        dialog.list(Listing(options), picked)
        dialog.show()
