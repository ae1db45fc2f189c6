"""Files of datasets for the browser: clips to hear, and the report of the last check."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, HTMLResponse

from launcher.errors import InvalidRequest
from launcher.ui.next_steps import on_page
from launcher.ui.state.site import Site
from launcher.workshop.names import dataset_folder
from launcher.workshop.page import report_page
from pod_image.contract.paths import safe_path

_REPORT_HEADERS = {
    # It runs nothing, and is shown within the dataset's page.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
}
_CLIP_KINDS = {".wav": "audio/wav", ".flac": "audio/flac"}


def register_clips(site: Site, outer: FastAPI) -> None:
    async def clip(name: str, path: str) -> FileResponse:
        try:
            folder = dataset_folder(site.config.datasets_folder, name).resolve()
        except InvalidRequest as error:
            raise HTTPException(404, on_page(error.message)) from error
        file = (folder / (safe_path(path) or "")).resolve()
        if not file.is_relative_to(folder) or file.suffix not in _CLIP_KINDS or not file.is_file():
            raise HTTPException(404, "This clip does not exist.")
        return FileResponse(file, media_type=_CLIP_KINDS[file.suffix])

    outer.get("/clips/{name}/{path:path}", response_class=FileResponse)(clip)

    async def report(name: str) -> HTMLResponse:
        found = site.reports.get(name)
        if found is None:
            raise HTTPException(404, "This dataset was not checked since the form was started.")
        return HTMLResponse(report_page(found, on_page), headers=_REPORT_HEADERS)

    outer.get("/reports/{name}", response_class=HTMLResponse)(report)
