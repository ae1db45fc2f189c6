"""From a run to the page where its voice is listened to."""

from __future__ import annotations

from launcher.domain.run import Run
from launcher.recipes import recipe_of_run
from launcher.ui.widgets.elements import button_link


def voice_link(run: Run) -> None:
    """Nothing for a run that makes no voice."""
    result = recipe_of_run(run.settings_json).shown.result
    if result is not None and result.speaks:
        button_link("Try the voice", f"/voice?run={run.nonce}", symbol="voice")
