"""The details of a run, one click away from what its page shows: each part draws itself and returns what keeps it up
to date."""

from __future__ import annotations

from collections.abc import Callable

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.recipes import recipe_of_run
from launcher.ui.frame import Shell
from launcher.ui.pages.run.tabs import files, log, samples, settings

Refresh = Callable[[Run], None]

NOW = "now"
"""The part that is no detail: what the page shows at first."""
_TITLES = {
    NOW: "Now",
    "samples": "All samples",
    "log": "Whole log",
    "files": "Files",
    "settings": "Settings",
}
_DRAW = {
    "samples": samples.draw,
    "log": log.draw,
    "files": files.draw,
    "settings": settings.draw,
}


def tabs_of(run: Run) -> dict[str, str]:
    """Name in the address and title of each part that the run's page has."""
    has_samples = recipe_of_run(run.settings_json).shown.has_samples
    return {key: title for key, title in _TITLES.items() if has_samples or key != "samples"}


def is_detail(tab: str) -> bool:
    return tab in _DRAW


async def draw_detail(shell: Shell, run: Run, view: RunView, tab: str) -> Refresh:
    return await _DRAW[tab](shell, run, view)
