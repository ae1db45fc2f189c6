"""Which pages there are."""

from __future__ import annotations

from fastapi import FastAPI

from launcher.ui.pages import (
    compare,
    datasets,
    help,
    home,
    keys,
    run,
    runs,
    train,
    voice,
)
from launcher.ui.site import Site


def register_pages(site: Site, outer: FastAPI) -> None:
    """Every page, and the routes for files that pages need."""
    for page in (home, keys, train, runs, compare, help):
        page.register(site)
    for with_files in (run, voice, datasets):
        with_files.register(site, outer)
