"""What a run was started with, and what of it differs from its preset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.errors import InvalidRequest
from launcher.forms.scopes import is_of_presets
from launcher.forms.value_text import label_of, value_text
from launcher.presets import find_preset
from launcher.services.planning.compose import compose
from launcher.ui.frame import Shell
from launcher.ui.widgets.elements import Text, badge, box, button_link, card, hint, table
from pod_image.contract.figures import counted
from pod_image.contract.older_settings import recorded_settings


async def draw(shell: Shell, run: Run, view: RunView) -> Callable[[Run], None]:
    values = recorded_settings(run.settings_json)
    usual = preset_values(shell, run)
    changed = {
        name
        for name, value in values.items()
        if usual is not None and is_of_presets(name) and usual.get(name) != value
    }
    with card("Settings"):
        with box("div", "row"):
            button_link(
                "Train again with these settings", f"/train?again={run.nonce}", symbol="train"
            )
            button_link("Continue this run", f"/train?again={run.nonce}&resume=1", symbol="refresh")
        if run.preset:
            hint(preset_text(run.preset, len(changed), is_known=usual is not None))
        with table("Settings of the run", ("Setting", "Value", "")):
            for name, value in values.items():
                _line(name, value, is_changed=name in changed)
    return lambda _: None


def preset_text(preset: str, changed: int, *, is_known: bool) -> str:
    if not is_known:
        return f"Preset {preset}, which no longer exists."
    if not changed:
        return f"Preset {preset}, unchanged."
    return f"Preset {preset}; {counted(changed, 'value differs', 'values differ')} from it."


def preset_values(shell: Shell, run: Run) -> dict[str, Any] | None:
    """What the run's preset would set, or None when there is no such preset any more."""
    try:
        preset = find_preset(shell.site.config, run.preset)
        return compose(preset, {}, check_required=False).settings.model_dump(mode="json")
    except InvalidRequest:
        return None


def _line(name: str, value: Any, *, is_changed: bool) -> None:
    with box("tr"):
        Text("td", label_of(name))
        Text("td", value_text(name, value), "wrap")
        with box("td"):
            if is_changed:
                badge("differs from the preset", "live")
