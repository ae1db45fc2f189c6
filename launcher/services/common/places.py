"""Where a run goes, by its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.domain.run import Run
from launcher.providers.place import Place
from launcher.providers.registry import default_place, is_known, place_named

if TYPE_CHECKING:
    from pod_image.contract.settings import RunSettings


def place_of_run(run: Run) -> Place:
    """Where the run has its pod; the usual place for one that this release does not know."""
    return place_named(run.place) if is_known(run.place) else default_place()


def place_of(settings: RunSettings) -> Place:
    """The place of a run with these settings."""
    machine = f":{settings.host}" if settings.host else ""
    return place_named(f"{settings.provider}{machine}")
