"""Recordings sent by the browser: each file by its own request, straight to disk, under a safe name."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.requests import ClientDisconnect

from launcher.errors import InvalidRequest
from launcher.ui.next_steps import on_page
from launcher.ui.state.site import Site
from launcher.workshop.gathering import SUBTITLE_ENDINGS, TEXT_ENDINGS
from launcher.workshop.names import checked_name
from pod_image.contract.figures import size
from pod_image.contract.paths import safe_path
from pod_image.contract.whole_file import is_unfinished, replacing
from pod_image.dataset.endings import MEDIA_ENDINGS

MAX_FILE_BYTES = 8 * 2**30
FREE_BYTES_KEPT = 2 * 2**30
"""A disk filled to the brim breaks more than the upload."""
PIECE_BYTES = 2**20
"""Written at once, on a thread: a disk that falls behind may hold up a write, and must not hold up the pages."""
LEFT_BEHIND_SECONDS = 6 * 3600.0
"""A part of that age is of a program that ended in the middle."""
MODIFIED_HEADER = "x-modified-seconds"
TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".json")
ARCHIVE_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
ENDINGS = (*MEDIA_ENDINGS, *SUBTITLE_ENDINGS, *TEXT_ENDINGS, *TABLE_ENDINGS, *ARCHIVE_ENDINGS)
_MOST_PARTS = 6

FreeBytes = Callable[[], int]


class Refused(Exception):
    """An upload that is not taken; `status` is HTTP's, the text is for the person."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Incoming:
    """Where uploads of a dataset wait until clips are made of them."""

    folder: Path

    @property
    def files(self) -> list[Path]:
        return [path for path in self.everything if not is_unfinished(path)]

    @property
    def everything(self) -> list[Path]:
        """All files, those included that are still on their way."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.files)

    def listing(self) -> dict[str, list[int]]:
        """What is there whole, by its path: [bytes, modified as the browser said it, in seconds]."""
        found = {}
        for path in self.files:
            stat = path.stat()
            found[path.relative_to(self.folder).as_posix()] = [stat.st_size, int(stat.st_mtime)]
        return found

    def sweep(self, now: float) -> None:
        """Remove parts that nobody writes any more."""
        for path in self.everything:
            with suppress(OSError):
                if is_unfinished(path) and now - path.stat().st_mtime > LEFT_BEHIND_SECONDS:
                    path.unlink()

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def incoming(site: Site, dataset: str) -> Incoming:
    """Raises InvalidRequest for a name that cannot be one."""
    return Incoming(site.config.data_folder / "incoming" / checked_name(dataset))


def register_uploads(site: Site, outer: FastAPI, free_bytes: FreeBytes | None = None) -> None:
    """PUT takes one file; GET lists what is there, so that the browser need not send it again.

    `free_bytes` tells the room on the disk, by default that of the data folder.
    """
    free = free_bytes or (lambda: shutil.disk_usage(site.config.data_folder).free)
    Incoming(site.config.data_folder / "incoming").sweep(time.time())

    async def receive(dataset: str, path: str, request: Request) -> PlainTextResponse:
        try:
            target = safe_target(incoming(site, dataset).folder, path)
            length = request.headers.get("content-length", "")
            check_room(free, int(length) if length.isdigit() else 0)
            await store(request.stream(), target, free=free)
            _keep_time(target, request.headers.get(MODIFIED_HEADER, ""))
        except InvalidRequest as error:
            return PlainTextResponse(on_page(error.message), 400)
        except Refused as error:
            return PlainTextResponse(str(error), error.status)
        except ClientDisconnect:
            return PlainTextResponse(
                "the browser disconnected", 499
            )  # to nobody, but without a fuss
        except OSError as error:
            return PlainTextResponse(f"it could not be written: {error.strerror}", 507)
        return PlainTextResponse("stored", 201)

    outer.put("/uploads/{dataset}/{path:path}", response_class=PlainTextResponse)(receive)

    async def listing(dataset: str) -> JSONResponse:
        try:
            found = incoming(site, dataset)
        except InvalidRequest as error:
            return JSONResponse({"detail": on_page(error.message)}, 404)
        return JSONResponse(await asyncio.to_thread(found.listing))

    outer.get("/uploads/{dataset}", response_class=JSONResponse)(listing)


def safe_target(folder: Path, path: str) -> Path:
    """Where the file goes: below `folder`, whatever the browser called it. Raises Refused."""
    parts = (safe_path(path) or "").split("/")
    if parts == [""] or len(parts) > _MOST_PARTS:
        raise Refused(400, "this file name is not allowed")
    if any(part.startswith(".") or len(part.encode()) > 200 for part in parts):
        raise Refused(400, "this file name is not allowed")
    if not parts[-1].lower().endswith(ENDINGS):
        raise Refused(415, "neither a recording nor a transcript")
    return folder.joinpath(*parts)


async def store(
    chunks: AsyncIterator[bytes],
    target: Path,
    limit: int = MAX_FILE_BYTES,
    free: FreeBytes | None = None,
) -> int:
    """Write the chunks to `target`, whole or not at all; returns the bytes. Raises Refused, OSError.

    Two at once of the same name do not mix: the later one stays. `free` is asked while it is written, since
    a browser may name no length, or send many files at once.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = 0
    with replacing(target, is_shared=True) as part, part.open("wb") as file:
        async for piece in _pieces(chunks):
            written += len(piece)
            if written > limit:
                raise Refused(413, f"larger than {size(limit)}")
            if free is not None:
                check_room(free, len(piece))
            await asyncio.to_thread(file.write, piece)
    return written


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of about `PIECE_BYTES`."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) >= PIECE_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def check_room(free: FreeBytes, needed: int) -> None:
    """Raises Refused unless that many bytes leave the disk the room it has to keep."""
    there = free()
    if needed > there - FREE_BYTES_KEPT:
        kept = FREE_BYTES_KEPT / 1e9
        raise Refused(507, f"the disk has {size(there)} left, and {kept:.0f} GB must stay free")


def _keep_time(target: Path, seconds: str) -> None:
    """Date the file as the browser's own, which with its size tells it from another one."""
    if seconds.isdecimal() and len(seconds) < 12:
        with suppress(OSError, OverflowError):
            os.utime(target, (int(seconds), int(seconds)))
