"""Where a run goes, by its settings."""

from __future__ import annotations

from launcher.providers.place import Place
from launcher.providers.registry import place_named
from pod_image.contract.settings import RunSettings


def place_of(settings: RunSettings) -> Place:
    """The place of a run with these settings."""
    return place_named(settings.provider)
