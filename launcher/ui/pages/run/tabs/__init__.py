"""The parts of a run's page, one file each. A tab draws itself and returns what keeps it up to date."""

from __future__ import annotations

from collections.abc import Callable

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.recipes import recipe_of_run
from launcher.ui.frame import Shell
from launcher.ui.pages.run.tabs import files, log, machine, overview, samples, settings

Refresh = Callable[[Run], None]

_TITLES = {
    "overview": "Overview",
    "samples": "Samples",
    "machine": "Machine",
    "log": "Log",
    "files": "Files",
    "settings": "Settings",
}
_DRAW = {
    "overview": overview.draw,
    "samples": samples.draw,
    "machine": machine.draw,
    "log": log.draw,
    "files": files.draw,
    "settings": settings.draw,
}


def tabs_of(run: Run) -> dict[str, str]:
    """Name in the address and title of each part that the run's page has."""
    has_samples = recipe_of_run(run.settings_json).shown.has_samples
    return {key: title for key, title in _TITLES.items() if has_samples or key != "samples"}


async def draw_tab(shell: Shell, run: Run, view: RunView, tab: str) -> Refresh:
    """Draw the tab of that name (the overview for an unknown one)."""
    return await _DRAW.get(tab, overview.draw)(shell, run, view)
