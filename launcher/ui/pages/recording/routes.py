"""Takes of the page for recording: each by its own request, never through the websocket, under a name of ours."""

from __future__ import annotations

import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse
from starlette.requests import ClientDisconnect

from launcher.errors import LauncherError
from launcher.prompts.sets import MOST_FILE_BYTES
from launcher.services import recording
from launcher.ui.next_steps import on_page
from launcher.ui.state.site import Site
from launcher.workshop.names import checked_name, dataset_folder
from launcher.workshop.recording.reading import UnknownPrompt
from launcher.workshop.recording.take_sound import MOST_BYTES, UnusableSound
from pod_image.contract.figures import size
from pod_image.contract.next_steps import Said

FREE_BYTES_KEPT = 256 * 2**20
RATE_HEADER, LOST_HEADER = "x-sample-rate", "x-lost-seconds"
MOST_PLACE_BYTES = 2**20

FreeBytes = Callable[[Path], int]


class TooLarge(ValueError):
    """More was sent than is taken."""


def folder_of(site: Site, name: str) -> Path:
    """The folder that a page for recording writes into. Raises InvalidRequest for a name that cannot be one."""
    elsewhere = site.recording_folders.get(name)
    if elsewhere is not None:
        return elsewhere
    return dataset_folder(site.config.datasets_folder, checked_name(name))


def takes_url(name: str) -> str:
    return f"/recordings/{name}"


def register_takes(site: Site, outer: FastAPI, free_bytes: FreeBytes | None = None) -> None:
    """PUT takes a take, GET plays it, POST brings the one before back; two more for place and sentences."""
    routes = _Routes(site, free_bytes or (lambda folder: shutil.disk_usage(folder).free))
    base = takes_url("{name}")
    outer.put(base + "/takes/{key}", response_class=JSONResponse)(routes.take)
    outer.get(base + "/takes/{key}", response_class=FileResponse)(routes.play)
    outer.post(base + "/takes/{key}/before", response_class=JSONResponse)(routes.before)
    outer.put(base + "/place", response_class=JSONResponse)(routes.place)
    outer.put(base + "/sentences", response_class=JSONResponse)(routes.sentences)


@dataclass
class _Routes:
    site: Site
    free_bytes: FreeBytes

    async def take(self, name: str, key: str, request: Request) -> JSONResponse:
        async def keep() -> JSONResponse:
            raw = await _body(request, MOST_BYTES)
            judged = await recording.keep(
                self._folder_with_room(name, len(raw)),
                key,
                raw,
                int(_figure(request, RATE_HEADER)),
                lost_seconds=_figure(request, LOST_HEADER),
                now=self.site.unix_seconds,
            )
            said = [
                {"code": each.code, "text": on_page(each.message), "hint": on_page(each.hint)}
                for each in judged.findings
            ]
            answer = {"kept": judged.is_kept, "seconds": judged.seconds, "findings": said}
            return JSONResponse(answer, 201 if judged.is_kept else 422)

        return await _answered(keep)

    async def play(self, name: str, key: str) -> FileResponse:
        try:
            folder = folder_of(self.site, name)
            found = await recording.read(folder)
        except LauncherError as error:
            raise HTTPException(404, on_page(error.message)) from error
        file = found.takes.get(key) if found else None
        if file is None:
            raise HTTPException(404, "This take does not exist.")
        headers = {"cache-control": "no-store"}  # a retake has the same address
        return FileResponse(folder / file, media_type="audio/wav", headers=headers)

    async def before(self, name: str, key: str) -> JSONResponse:
        async def undo() -> JSONResponse:
            folder = folder_of(self.site, name)
            found = await recording.undo(folder, key, now=self.site.unix_seconds)
            seconds = (await recording.lengths(folder, found)).get(key, 0.0)
            return JSONResponse({"seconds": seconds})

        return await _answered(undo)

    async def place(self, name: str, request: Request) -> JSONResponse:
        async def move() -> JSONResponse:
            told = _told(await _body(request, MOST_PLACE_BYTES))
            skipped = [str(each) for each in told.get("skipped", [])]
            await recording.move(folder_of(self.site, name), str(told.get("at", "")), skipped)
            return JSONResponse({})

        return await _answered(move)

    async def sentences(
        self, name: str, request: Request, language: str = "en_US", file: str = "sentences"
    ) -> JSONResponse:
        async def begin() -> JSONResponse:
            raw = await _body(request, MOST_FILE_BYTES)
            found = await recording.begin_with_sent(
                folder_of(self.site, name), language, raw, Path(file).name[:100],
                now=self.site.unix_seconds,
            )  # fmt: skip
            return JSONResponse({"sentences": len(found.prompts)}, 201)

        return await _answered(begin)

    def _folder_with_room(self, name: str, needed: int) -> Path:
        """Raises UnusableSound where the disk has to keep the room that is left."""
        folder = folder_of(self.site, name)
        there = self.free_bytes(folder if folder.is_dir() else self.site.config.data_folder)
        if needed > there - FREE_BYTES_KEPT:
            raise UnusableSound(
                f"The disk has {size(there)} left, and {size(FREE_BYTES_KEPT)} must stay free."
            )
        return folder


async def _answered(work: Callable[[], Awaitable[JSONResponse]]) -> JSONResponse:
    """What went wrong as one sentence that the page shows."""
    try:
        return await work()
    except UnknownPrompt:
        return _refusal(404, "This sentence is no longer in the list. Reload the page.")
    except TooLarge as error:
        return _refusal(413, str(error))
    except UnusableSound as error:
        return _refusal(422, str(error))
    except ValueError:
        return _refusal(400, "This request is not valid. Reload the page.")
    except LauncherError as error:
        return _refusal(409, error.message, error.hint)
    except ClientDisconnect:
        return _refusal(499, "the browser disconnected")  # to nobody, but without a fuss


def _refusal(status: int, *said: Said) -> JSONResponse:
    return JSONResponse({"detail": " ".join(on_page(each) for each in said if each)}, status)


async def _body(request: Request, most_bytes: int) -> bytes:
    """The body, of which no more is held than may be. Raises TooLarge."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most_bytes:
        raise TooLarge(f"It is larger than {size(most_bytes)}, which is the limit.")
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) > most_bytes:
            raise TooLarge(f"It is larger than {size(most_bytes)}, which is the limit.")
    return bytes(held)


def _told(raw: bytes) -> dict[str, Any]:
    """Raises ValueError."""
    told = json.loads(raw)
    if not isinstance(told, dict) or not isinstance(told.get("skipped", []), list):
        raise ValueError
    return told


def _figure(request: Request, header: str) -> float:
    """A finite figure, 0 where there is none. Raises ValueError."""
    value = float(request.headers.get(header) or 0)
    if not 0 <= value < 1e9:
        raise ValueError(header)
    return value
