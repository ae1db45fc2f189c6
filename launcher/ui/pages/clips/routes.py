"""What the clips page fetches beside its own connection: the outlines of clips."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response

from launcher.errors import LauncherError
from launcher.ui.next_steps import on_page
from launcher.ui.state.site import Site
from launcher.workshop.editing.peaks import peaks
from launcher.workshop.names import dataset_folder
from pod_image.contract.paths import safe_path

KEPT_SECONDS = 7 * 86_400
"""The address names the version of the sound, so what lies there never changes."""


def register_peaks(site: Site, outer: FastAPI) -> None:
    async def outline(name: str, path: str) -> Response:
        try:
            folder = dataset_folder(site.config.datasets_folder, name).resolve()
            file = (folder / (safe_path(path) or "")).resolve()
            if not file.is_relative_to(folder):
                return PlainTextResponse("This clip does not exist.", 404)
            found = await asyncio.to_thread(peaks, file)
        except LauncherError as error:
            words = f"{on_page(error.message)} {on_page(error.hint)}"
            return PlainTextResponse(words, 404)
        headers = {"cache-control": f"private, max-age={KEPT_SECONDS}, immutable"}
        return Response(found, media_type="application/octet-stream", headers=headers)

    outer.get("/peaks/{name}/{path:path}", response_class=Response)(outline)
