"""Choosing what would else be typed: the button in a field, the dialog that it opens, and a listing drawn there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from launcher.services.choosing.option import MOST_OPTIONS, Listing, Option
from launcher.ui.frame import Shell, what_to_do
from launcher.ui.next_steps import on_page
from launcher.ui.widgets.dialog import Dialog
from launcher.ui.widgets.elements import Handler, box, button, hint, notice, waiting
from launcher.ui.widgets.inputs import Field
from launcher.ui.widgets.picker import Picker, PickerRow


def choose_beside(field: Field, label: str, opens: Handler) -> None:
    """A button in the field that opens what there is to choose from."""
    with field:
        opener = button("Choose…", opens, kind="quiet", name=f"Choose: {label}")
        opener.mark(f"choose-{field.name}")
        field.opened_by(opener)


class ChoosingDialog(Dialog):
    """Fill `place`; further buttons go into `actions`. Gone once it is closed."""

    def __init__(self, shell: Shell, label: str) -> None:
        with shell.content:
            super().__init__(f"Choose: {label}", wide=True)
        self._label = label
        self.mark("choices")
        self.on("close", self.delete)
        with self.body:
            self.place = box("div", "stack-small")
        with self.actions:
            button("Close", self.hide)

    def wait(self) -> None:
        """Say that the listing is asked for."""
        with self.place:
            waiting("Loading the list…", rows=3)

    def list(
        self,
        found: Listing,
        picked: Callable[[str], None],
        *,
        on_look: Callable[[str], Awaitable[None]] | None = None,
    ) -> Picker | None:
        """Draw what was found; None where there is nothing to pick. `on_look` hears each row that one comes to, and
        then a second press picks it.
        """
        self.place.clear()
        with self.place:
            if found.problem:
                with notice("warning", on_page(found.problem), alert=True):
                    what_to_do(found.what_to_do)
            for note in found.notes:
                hint(on_page(note))
            options = found.options[:MOST_OPTIONS]
            if not options and not found.makes:
                return None
            more = ", or a name for a new one" if found.makes else ""
            return Picker(
                f"Search: {self._label}",
                [row_of(option) for option in options],
                picked,
                on_look=on_look,
                at_once=on_look is None,
                makes=found.makes,
                placeholder=f"Type to search{more}",
            )


def row_of(option: Option) -> PickerRow:
    return PickerRow(
        option.value, option.title, option.detail, option.marks, option.reason, option.found_by,
        option.is_best,
    )  # fmt: skip
