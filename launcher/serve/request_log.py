"""Which requests came, a line each: no body, no query, no header, no token. Two files, so that it stays small."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from launcher.serve.audit import Caller

MOST_BYTES = 5_000_000
_LONGEST_PATH = 300


class RequestLog:
    """The newest lines are in one of the two files, those before them in the other."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.paths = (folder / "requests-1.jsonl", folder / "requests-2.jsonl")
        self._now = now
        self._path: Path | None = None
        self._bytes = 0

    def write(self, caller: Caller, method: str, path: str, status: int, seconds: float) -> None:
        """A disk that is full costs the line, not the answer."""
        entry = {
            "at": self._now().isoformat(timespec="milliseconds"),
            "request": caller.request_id,
            "token": caller.token_id,
            "address": caller.address,
            "method": method[:10],
            "path": path[:_LONGEST_PATH],
            "status": status,
            "milliseconds": round(seconds * 1000),
        }
        with suppress(OSError):
            self._append(json.dumps(entry, ensure_ascii=False) + "\n")

    def _append(self, line: str) -> None:
        if self._path is None:
            self._path, self._bytes = self._newest()
        is_full = self._bytes + len(line) > MOST_BYTES
        if is_full:
            self._path = next(each for each in self.paths if each != self._path)
            self._bytes = 0
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        begins = os.O_TRUNC if is_full else os.O_APPEND
        descriptor = os.open(self._path, os.O_CREAT | os.O_WRONLY | begins, 0o600)
        with os.fdopen(descriptor, "w" if is_full else "a", encoding="utf-8") as file:
            file.write(line)
        self._bytes += len(line)

    def _newest(self) -> tuple[Path, int]:
        """The file that was written last, and how much is in it."""
        there = [(path.stat(), path) for path in self.paths if path.exists()]
        if not there:
            return self.paths[0], 0
        found, path = max(there, key=lambda each: each[0].st_mtime)
        return path, found.st_size
