"""The same choice as text: a run file that follows the form, and that can be taken over."""

from __future__ import annotations

from collections.abc import Callable

import tomli_w

from launcher import __version__
from launcher.domain.written_by import VERSION_KEY
from launcher.errors import LauncherError
from launcher.forms.run_file import parse_run_file
from launcher.presets import find_preset
from launcher.services.planning.compose import compose
from launcher.ui.frame import show_error
from launcher.ui.pages.train.form import Choice
from launcher.ui.state.site import Site
from launcher.ui.widgets.elements import box, button, details, hint, say
from launcher.ui.widgets.inputs import Field


class RunText:
    def __init__(self, site: Site, choice: Choice, taken: Callable[[], None]) -> None:
        self._site, self._choice, self._taken = site, choice, taken
        with details("Show as text (TOML)"):
            hint(
                "The same choice as a file for “launcher deploy --file”. Edit it and apply it here."
            )
            self._field = Field("toml", "Run file", kind="area", mono=True, rows=12, wait=600)
            self._place = box("div")
            button("Apply this text", self._take)

    def refresh(self) -> None:
        """Write the choice as it is now."""
        document: dict[str, object] = {VERSION_KEY: __version__}
        if self._choice.preset:
            document["preset"] = self._choice.preset.name
        document["settings"] = self._choice.draft.given
        self._field.show(value=tomli_w.dumps(document))

    def _take(self) -> None:
        self._place.clear()
        try:
            file = parse_run_file(str(self._field.value), "The text")
            preset = find_preset(self._site.config, file.preset) if file.preset else None
            compose(preset, file.values, check_required=False)
        except LauncherError as error:
            with self._place:
                show_error(error)
            return
        self._field.used()
        before = dict(self._choice.draft.given)
        self._choice.choose_preset(preset)
        self._choice.draft.given = dict(file.values)
        self._choice.set_aside(before)
        self._choice.draft.notes = file.notes
        self._choice.draft.touched = True
        self._taken()
        with self._place:
            say("good", "Applied.")
