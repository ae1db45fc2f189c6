"""A field for a language, by its code or its name, with the list of languages beside it; for every page alike."""

from __future__ import annotations

from collections.abc import Callable

from launcher.services.choosing.languages import language_code, language_name, language_options
from launcher.ui.frame import Shell
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Text, button
from launcher.ui.widgets.inputs import Field
from launcher.ui.widgets.picker import Picker, PickerRow


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
        with self._field:
            opener = button("Choose…", self._open, kind="quiet", name=f"Choose: {label}")
            opener.mark(f"choose-{name}")
            self._field.opened_by(opener)
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
        with self._shell.content:
            dialog = Dialog(f"Choose: {self._label}", wide=True)
        dialog.mark("choices")
        dialog.on("close", dialog.delete)

        def picked(code: str) -> None:
            dialog.hide()
            self._take(code)
            self._shell.announce(f"{self._label}: {language_name(code)}.")

        with dialog.body:
            rows = [
                PickerRow(one.value, one.title, one.detail, one.marks, words=one.found_by)
                for one in language_options()
            ]
            Picker(f"Search: {self._label}", rows, picked, placeholder="Type to search")
        with dialog.actions:
            button("Close", dialog.hide)
        dialog.show()
