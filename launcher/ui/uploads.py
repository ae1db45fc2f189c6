"""Recordings sent by the browser: each file by its own request, straight to disk, under a safe name."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from launcher.errors import InvalidRequest
from launcher.ui.site import Site
from launcher.workshop.gathering import MEDIA_ENDINGS, SUBTITLE_ENDINGS, TEXT_ENDINGS
from launcher.workshop.names import checked_name

MAX_FILE_BYTES = 8 * 2**30
FREE_BYTES_KEPT = 2 * 2**30
"""A disk filled to the brim breaks more than the upload."""
TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".json")
ARCHIVE_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")
ENDINGS = (*MEDIA_ENDINGS, *SUBTITLE_ENDINGS, *TEXT_ENDINGS, *TABLE_ENDINGS, *ARCHIVE_ENDINGS)
_MOST_PARTS = 6


class Refused(Exception):
    """An upload that is not taken; `status` is HTTP's, the text is for the person."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Incoming:
    """Where uploads of a data set wait until clips are made of them."""

    folder: Path

    @property
    def files(self) -> list[Path]:
        return [path for path in self.everything if path.suffix != ".part"]

    @property
    def everything(self) -> list[Path]:
        """All files, those included that are still on their way."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.files)

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def incoming(site: Site, dataset: str) -> Incoming:
    """Raises InvalidRequest for a name that cannot be one."""
    return Incoming(site.config.data_folder / "incoming" / checked_name(dataset))


def register_uploads(site: Site, outer: FastAPI) -> None:
    async def receive(dataset: str, path: str, request: Request) -> PlainTextResponse:
        try:
            target = safe_target(incoming(site, dataset).folder, path)
            length = request.headers.get("content-length", "")
            _check_room(site.config.data_folder, int(length) if length.isdigit() else 0)
            await store(request.stream(), target)
        except InvalidRequest as error:
            return PlainTextResponse(error.message, 400)
        except Refused as error:
            return PlainTextResponse(str(error), error.status)
        except OSError as error:
            return PlainTextResponse(f"it could not be written: {error.strerror}", 507)
        return PlainTextResponse("stored", 201)

    outer.put("/uploads/{dataset}/{path:path}", response_class=PlainTextResponse)(receive)


def safe_target(folder: Path, path: str) -> Path:
    """Where the file goes: below `folder`, whatever the browser called it. Raises Refused."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts or ".." in parts or len(parts) > _MOST_PARTS:
        raise Refused(400, "this name cannot be used")
    if any(part.startswith(".") or "\0" in part or len(part.encode()) > 200 for part in parts):
        raise Refused(400, "this name cannot be used")
    if not parts[-1].lower().endswith(ENDINGS):
        raise Refused(415, "neither a recording nor a transcript")
    return folder.joinpath(*parts)


async def store(chunks: AsyncIterator[bytes], target: Path, limit: int = MAX_FILE_BYTES) -> int:
    """Write the chunks to `target`, whole or not at all; returns the bytes. Raises Refused, OSError."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    written = 0
    try:
        # Writes are to the page cache, in pieces of 64 kB: quicker than a hop to a thread for each.
        with part.open("wb") as file:
            async for chunk in chunks:
                written += len(chunk)
                if written > limit:
                    raise Refused(413, f"larger than {limit / 2**30:.0f} GB")
                file.write(chunk)
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    return written


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free - FREE_BYTES_KEPT:
        raise Refused(507, f"the disk has only {free / 1e9:.1f} GB left")
