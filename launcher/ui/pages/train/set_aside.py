"""What a person had chosen and what another choice has replaced: named, and brought back by one click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launcher.forms.value_text import value_text
from launcher.ui.pages.train.form import Choice
from launcher.ui.widgets.elements import box, button, notice, para
from pod_image.contract.figures import counted
from pod_image.contract.settings import SETTINGS

NAMED = 6


class SetAside:
    """`brought` is called after values came back or were dropped."""

    def __init__(self, choice: Choice, brought: Callable[[], None]) -> None:
        self._choice, self._brought = choice, brought
        self._shown: dict[str, Any] = {}
        self._place = box("div", "stack-small", role="status").mark("set-aside")

    def refresh(self) -> None:
        found = self._choice.can_come_back
        if found == self._shown:
            return
        self._shown = found
        self._place.clear()
        if found:
            with self._place:
                self._draw(found)

    def _draw(self, found: dict[str, Any]) -> None:
        words = counted(
            len(found), "value of yours was set aside", "values of yours were set aside"
        )
        with notice("note", f"{words}."):
            lines = [
                f"{SETTINGS[name].knob.label}: {value_text(name, value)}"
                for name, value in found.items()
            ]
            more = [f"and {len(lines) - NAMED} more"] if len(lines) > NAMED else []
            para("; ".join([*lines[:NAMED], *more]) + ".")
            with box("div", "row"):
                them = "it" if len(found) == 1 else "them"
                button(f"Bring {them} back", self._bring_back).mark("bring-back-values")
                button(f"Drop {them}", self._drop, kind="quiet")

    def _bring_back(self) -> None:
        self._choice.bring_back()
        self._brought()

    def _drop(self) -> None:
        for name in self._shown:
            self._choice.draft.set_aside.pop(name, None)
        self._brought()
