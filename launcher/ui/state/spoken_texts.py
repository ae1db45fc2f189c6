"""Recordings that were just spoken: kept while the program runs, the newest ones alone, and then removed."""

from __future__ import annotations

import secrets
import shutil
import time
import weakref
from contextlib import suppress
from pathlib import Path

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse

SPOKEN_TEXTS_KEPT = 60
_MEDIA_TYPES = {".wav": "audio/wav", ".zip": "application/zip"}
LEFT_BEHIND_SECONDS = 24 * 3600.0
"""A folder of that age is of a program that was ended the hard way."""


class SpokenTexts:
    """Recordings by name in a folder of their own below `root`; gone with this object or the process."""

    def __init__(self, root: Path) -> None:
        _sweep(root, time.time())
        self.folder = root / secrets.token_hex(8)
        self._files: dict[str, Path] = {}
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def new(self, kind: str = "wav") -> tuple[str, Path]:
        """A name and a place for the next recording; the oldest one goes when there are too many.

        `kind` is "zip" for a voice that is packed to be downloaded.
        """
        name = secrets.token_hex(8)
        path = self._files[name] = self.folder / f"{name}.{kind}"
        while len(self._files) > SPOKEN_TEXTS_KEPT:
            self.remove(next(iter(self._files)))
        return name, path

    def get(self, name: str) -> Path | None:
        path = self._files.get(name)
        return path if path is not None and path.is_file() else None

    def url(self, name: str) -> str:
        """Where the browser finds it."""
        return f"/spoken/{name}"

    def remove(self, name: str) -> None:
        path = self._files.pop(name, None)
        if path is not None:
            path.unlink(missing_ok=True)


def register_spoken_texts(spoken_texts: SpokenTexts, outer: FastAPI) -> None:
    async def serve(name: str) -> FileResponse:
        path = spoken_texts.get(name)
        if path is None:
            raise HTTPException(404, "This recording no longer exists.")
        # Without a name of its own: the link that downloads it gives one.
        return FileResponse(path, media_type=_MEDIA_TYPES[path.suffix])

    outer.get("/spoken/{name}", response_class=FileResponse)(serve)


def _sweep(root: Path, now: float) -> None:
    if not root.is_dir():
        return
    for folder in root.iterdir():
        with suppress(OSError):
            if now - folder.stat().st_mtime > LEFT_BEHIND_SECONDS:
                shutil.rmtree(folder)
