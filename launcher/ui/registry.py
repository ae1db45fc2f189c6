"""Which pages there are."""

from __future__ import annotations

from fastapi import FastAPI

from launcher.ui.pages import compare
from launcher.ui.pages.clips import page as clips
from launcher.ui.pages.datasets import page as datasets
from launcher.ui.pages.help import page as help
from launcher.ui.pages.home import page as home
from launcher.ui.pages.keys import page as keys
from launcher.ui.pages.recording import page as recording
from launcher.ui.pages.run import page as run
from launcher.ui.pages.runs import page as runs
from launcher.ui.pages.train import page as train
from launcher.ui.pages.voice import page as voice
from launcher.ui.state.site import Site


def register_pages(site: Site, outer: FastAPI) -> None:
    """Every page, and the routes for files that pages need."""
    for page in (home, keys, runs, compare, help):
        page.register(site)
    for with_files in (train, run, voice, datasets, clips, recording):
        with_files.register(site, outer)
