"""Sounds of published voices for the browser: those that were fetched to this computer, and no others."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse

from launcher.services.choosing.published_voices import sample_here
from launcher.ui.state.site import Site
from launcher.ui.widgets.media import HEADERS


def sample_url(key: str) -> str:
    return f"/voice-samples/{key}"


def register_samples(site: Site, outer: FastAPI) -> None:
    async def sample(key: str) -> FileResponse:
        file = sample_here(site.config, key)
        if file is None:
            raise HTTPException(404, "This sample does not exist.")
        return FileResponse(file, media_type="audio/mpeg", headers=HEADERS)

    outer.get("/voice-samples/{key}", response_class=FileResponse)(sample)
