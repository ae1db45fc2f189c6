"""Which news went to whom from this computer: one small file each, so that no two programs here tell the same."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ABANDONED_SECONDS = 120.0
"""Whoever began to tell that long ago and did not finish does not live any more."""
KEPT_SECONDS = 90 * 86_400.0
_TOLD = b"told\n"


class ToldNews:
    """A disk that refuses costs the memory, and not the telling: then it may be told twice, with one id.

    `news_id` and `mark` are ours, of letters, digits and hyphens; no address is in either.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now

    def claim(self, news_id: str, mark: str) -> bool:
        """Whether whoever asks is to tell it: nobody here has, or is about to."""
        path = self._path(news_id, mark)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            return True
        try:
            number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return self._take_over(path)
        except OSError:
            return True
        with suppress(OSError), os.fdopen(number, "wb") as file:
            file.write(self._begun())
        self._drop_old()
        return True

    def settle(self, news_id: str, mark: str) -> None:
        """It was told."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path(news_id, mark).write_bytes(_TOLD)

    def give_back(self, news_id: str, mark: str) -> None:
        """It could not be told: another program here may."""
        with suppress(OSError):
            self._path(news_id, mark).unlink(missing_ok=True)

    def _take_over(self, path: Path) -> bool:
        with suppress(OSError):
            content = path.read_bytes()
            if content == _TOLD or self._now() - _begun_at(content) <= ABANDONED_SECONDS:
                return False
            path.write_bytes(self._begun())
            return True
        return False

    def _begun(self) -> bytes:
        return f"begun {self._now():.0f}\n".encode()

    def _path(self, news_id: str, mark: str) -> Path:
        return self._folder / f"{news_id}.{mark}"

    def _drop_old(self) -> None:
        with suppress(OSError):
            for path in self._folder.iterdir():
                if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                    path.unlink(missing_ok=True)


def _begun_at(content: bytes) -> float:
    """0 where a program died before it could say."""
    word = content.removeprefix(b"begun ").strip()
    return float(word) if word.isdigit() else 0.0
