"""Pods whose release was ever asked for on this computer: one small file each, apart from the history."""

from __future__ import annotations

import hashlib
import os
import re
import time
from contextlib import suppress
from pathlib import Path

KEPT_SECONDS = 90 * 86_400.0
"""So long after it was asked for no pod of ours lives: its deadline has passed for whatever looks at it."""
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class AskedReleases:
    """Remembers across processes, and through a lost history, that a pod was to go: whoever sees it again ends it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, pod_id: str) -> str:
        """Remember it. Never raises: why it could not be remembered, or ""."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path(pod_id), os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as exc:
            return exc.strerror or type(exc).__name__
        self._drop_old()
        return ""

    def has(self, pod_id: str) -> bool:
        """Whether the release of that pod was asked for. Never raises."""
        with suppress(OSError):
            return self._path(pod_id).exists()
        return False

    def _path(self, pod_id: str) -> Path:
        is_plain = _PLAIN_NAME.fullmatch(pod_id) is not None
        # What the provider calls a pod is not ours to choose; other letters must not lead elsewhere.
        name = pod_id if is_plain else hashlib.sha256(pod_id.encode("utf-8", "replace")).hexdigest()
        return self._folder / f"{name}.asked"

    def _drop_old(self) -> None:
        with suppress(OSError):
            for path in self._folder.glob("*.asked"):
                if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                    path.unlink(missing_ok=True)
