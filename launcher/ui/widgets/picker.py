"""A list that a person searches and chooses from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nicegui import events, ui

Heard = Callable[[str], Awaitable[None] | None]


@dataclass(frozen=True)
class PickerRow:
    """`value` is what is told when it is chosen; `words` are further ones it is found by."""

    value: str
    title: str
    detail: str = ""
    marks: tuple[str, ...] = ()
    reason: str = ""
    words: str = ""
    best: bool = False


class Picker(ui.element, component="picker.js"):
    """`on_pick` hears the value that was chosen. Without `at_once` a row is looked at first: `on_look` hears which, and
    what is drawn inside the element stands below the list. `makes` are accounts in which a new repo may be named.
    """

    def __init__(
        self,
        label: str,
        rows: Sequence[PickerRow],
        on_pick: Heard,
        *,
        on_look: Heard | None = None,
        on_up: Callable[[], Awaitable[None] | None] | None = None,
        at_once: bool = True,
        makes: Sequence[str] = (),
        placeholder: str = "",
    ) -> None:
        super().__init__()
        self._props.update(
            {
                "label": label,
                "placeholder": placeholder,
                "makes": list(makes),
                "at-once": at_once,
            }
        )
        self.show(rows)
        self.on("pick", lambda event: on_pick(_text(event)))
        if on_look is not None:
            self.on("look", lambda event: on_look(_text(event)))
        if on_up is not None:
            self.on("up", lambda: on_up())

    @property
    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._props["options"]
        return found

    def show(self, rows: Sequence[PickerRow]) -> None:
        """Other rows in place of these; the search begins anew."""
        self._props["options"] = [asdict(row) for row in rows]
        self.update()


def _text(event: events.GenericEventArguments) -> str:
    return str(event.args)
