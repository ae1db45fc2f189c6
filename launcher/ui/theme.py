"""Light, dark or as the system says; and the colours that libraries of ours must be told."""

from __future__ import annotations

from enum import StrEnum


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"

    @property
    def dark(self) -> bool | None:
        """NiceGUI's word for it: None follows the system."""
        return {Theme.SYSTEM: None, Theme.LIGHT: False, Theme.DARK: True}[self]


QUASAR_COLOURS = {
    "primary": "#5638b8",
    "positive": "#1a6b3c",
    "negative": "#a81e16",
    "warning": "#7d4a00",
    "info": "#0b6477",
}
