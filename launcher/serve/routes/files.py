"""What a run made: its samples and its files, brought here from the results repo once, and handed on."""

from __future__ import annotations

import asyncio
from pathlib import Path as FilePath
from typing import Annotated, Any
from urllib.parse import quote
from weakref import WeakValueDictionary

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse

from launcher.domain.run import Run
from launcher.domain.run_picture import RunPicture
from launcher.hub.results_repo import exactly
from launcher.serve.documents.runs import FileFacts, FileList, SampleFacts, SampleList
from launcher.serve.ground import Ground
from launcher.serve.problems import other
from launcher.serve.routes.asking import RunName
from launcher.services.following.delivered_files import (
    download_results,
    list_results,
    results_folder,
)
from pod_image.contract.bodies import Sample
from pod_image.contract.events import Stamped
from pod_image.contract.figures import size
from pod_image.contract.media import media_type
from pod_image.contract.paths import safe_path

MOST_BYTES = 200_000_000
"""A larger file is fetched from the Hub by whoever needs it: it is brought here before it is handed on."""
_NEVER_CHANGES = "samples/"
"""What was brought here is handed on as it is; other files are looked for anew, as a run goes on writing them."""
_FOREIGN = {
    # It comes from a pod: whatever stands in it, nothing of it is run.
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "private, max-age=3600",
}
_BYTES: dict[int | str, dict[str, Any]] = {
    status: {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        "description": words,
    }
    for status, words in {200: "The file.", 206: "The part that was asked for."}.items()
}
FilePathAsked = Annotated[
    str, Path(min_length=1, max_length=1_000, description="Path relative to the run's folder.")
]


def file_routes(ground: Ground) -> APIRouter:
    routes = APIRouter(tags=["samples and files"])
    fetching: WeakValueDictionary[FilePath, asyncio.Lock] = WeakValueDictionary()

    @routes.get("/runs/{run}/samples", response_model=SampleList)
    async def list_samples(run: RunName) -> SampleList:
        """Samples: what there is to hear and see during training."""
        found = ground.run(run)
        picture = (await ground.told.view(found)).picture
        return SampleList(samples=[_sample(found, picture, each) for each in picture.samples])

    @routes.get("/runs/{run}/samples/latest", response_model=SampleList)
    async def latest_samples(run: RunName) -> SampleList:
        """Samples of the newest step."""
        found = ground.run(run)
        picture = (await ground.told.view(found)).picture
        made = [each for each in picture.samples if each.body.kind == "sample"]
        newest = max((each.body.step for each in made), default=0)
        return SampleList(
            samples=[_sample(found, picture, each) for each in made if each.body.step == newest]
        )

    @routes.get("/runs/{run}/files", response_model=FileList)
    async def list_files(run: RunName) -> FileList:
        """The files that the run has delivered to its results repo."""
        found = ground.run(run)
        start = f"{found.run_id}/"
        return FileList(
            results_repo=found.results_repo,
            files=[
                FileFacts(
                    path=each.path.removeprefix(start),
                    size_bytes=each.size_bytes,
                    sha256=each.sha256,
                    url=_url(found, each.path.removeprefix(start)),
                )
                for each in await list_results(ground.bench, found)
            ],
        )

    @routes.get("/runs/{run}/files/{path:path}", response_class=FileResponse, responses=_BYTES)
    async def get_file(run: RunName, path: FilePathAsked) -> FileResponse:
        """One file of the run, or a part of it by the header Range, checked against the listing of the results repo."""
        found = ground.run(run)
        if safe_path(path) != path:
            raise _no_such_file()
        folder = results_folder(ground.bench, found) / found.run_id
        file = (folder / path).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise _no_such_file()
        lock = fetching.setdefault(file, asyncio.Lock())
        async with lock:
            if not (path.startswith(_NEVER_CHANGES) and file.is_file()):
                await _fetch(ground, found, path)
        if not file.is_file():
            raise _no_such_file()
        return FileResponse(
            file,
            media_type=media_type(path) or "application/octet-stream",
            headers=_FOREIGN,
            filename=file.name,
            content_disposition_type="attachment",
        )

    return routes


async def _fetch(ground: Ground, run: Run, path: str) -> None:
    """Raises Problem, HubError, NotConfigured, or InvalidRequest where it is gone since it was listed."""
    wanted = f"{run.run_id}/{path}"
    listed = {each.path: each for each in await list_results(ground.bench, run)}
    if wanted not in listed:
        raise _no_such_file()
    size_bytes = listed[wanted].size_bytes
    if size_bytes > MOST_BYTES:
        raise other(
            "too-large",
            f"{path} has {size(size_bytes)}; {size(MOST_BYTES)} is the most that is sent.",
            f"Fetch it from the results repo {run.results_repo}.",
        )
    await download_results(ground.bench, run, patterns=exactly(path))


def _no_such_file() -> Exception:
    return other(
        "not-found",
        "The run has delivered no such file.",
        "GET /api/v1/runs/{run}/files lists what there is.",
    )


def _sample(run: Run, picture: RunPicture, sample: Stamped[Sample]) -> SampleFacts:
    body = sample.body
    return SampleFacts(
        seq=sample.seq,
        at=sample.at,
        step=body.step,
        path=body.path,
        text=body.text,
        kind=body.kind,
        media=body.media or "audio",
        seconds=body.seconds,
        is_there=f"{run.run_id}/{body.path}" in picture.files or picture.ended is not None,
        url=_url(run, body.path),
    )


def _url(run: Run, path: str) -> str:
    return f"/api/v1/runs/{run.nonce}/files/{quote(path)}"
