"""Samples of runs for the browser: from this machine, or fetched from the results repo once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse

from launcher.domain.run import Run
from launcher.errors import LauncherError
from launcher.hub.access import is_hidden
from launcher.hub.results_repo import exactly
from launcher.ui.next_steps import on_page
from launcher.ui.state.site import Site
from pod_image.contract.media import media_type
from pod_image.contract.paths import safe_path
from pod_image.contract.results_address import name_below

HEADERS = {
    "cache-control": "private, max-age=3600",
    # They come from a pod: whatever stands in them, nothing of it is run.
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
}
_NEEDS_TOKEN = "Enter the Hugging Face token on the Keys page to see this."


def media_url(run: Run, path: str) -> str:
    """Where the browser finds a sample of the run; `path` is below the run's folder."""
    return f"/media/{run.nonce}/{quote(path)}"


def register_media(site: Site, outer: FastAPI) -> None:
    fetching: dict[Path, asyncio.Lock] = {}

    async def media(nonce: str, path: str) -> FileResponse:
        run = site.history.by_nonce(nonce)
        folder = None if run is None else _folder(site, run)
        if run is None or folder is None or not _is_shown(path):
            raise HTTPException(404, "This sample does not exist.")
        file = (folder / path).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise HTTPException(404, "This sample does not exist.")
        async with fetching.setdefault(file, asyncio.Lock()):
            if not file.is_file():
                await _fetch(site, run, path)
        if not file.is_file():
            raise HTTPException(404, "This sample has not been delivered yet.")
        return FileResponse(file, media_type=media_type(path), headers=HEADERS)

    outer.get("/media/{nonce}/{path:path}", response_class=FileResponse)(media)


def _is_shown(path: str) -> bool:
    return safe_path(path) == path and bool(media_type(path))


def _folder(site: Site, run: Run) -> Path:
    return site.config.results_folder / name_below(run.results_repo) / run.run_id


async def _fetch(site: Site, run: Run, path: str) -> None:
    session = site.sessions.any_reader
    if session is None:
        raise HTTPException(403, _NEEDS_TOKEN)
    into = site.config.results_folder / name_below(run.results_repo)
    try:
        await session.bench.results(run.results_repo).download(run.run_id, into, exactly(path))
    except LauncherError as error:
        if session.keys.hf_upload is None and is_hidden(error):
            raise HTTPException(403, _NEEDS_TOKEN) from error
        raise HTTPException(502, on_page(error.message)) from error
