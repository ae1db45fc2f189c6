"""What spent money or commanded a pod, written down before it is done: a line of JSON each, for the owner alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from launcher.serve.problems import other


@dataclass(frozen=True)
class Caller:
    """Who asks. `token_id` tells tokens apart and is none."""

    token_id: str
    address: str
    request_id: str


class Audit:
    """A file that is only ever added to."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self.path, self._now = path, now

    def must_write(self, caller: Caller, act: str, **about: Any) -> None:
        """Write down what is about to be done. Raises Problem when that cannot be: then it is not done."""
        try:
            self._write(caller, act, about)
        except OSError as exc:
            raise other(
                "not-written",
                f"The audit of this server could not be written: {exc.strerror or exc}. Nothing was rented.",
                "Make room on the disk of the serving computer.",
            ) from exc

    def write(self, caller: Caller, act: str, **about: Any) -> str:
        """Write down what was done, or is done in any case, since it ends money. Why that could not be, or ""."""
        try:
            self._write(caller, act, about)
        except OSError as exc:
            return str(exc.strerror or exc)
        return ""

    def _write(self, caller: Caller, act: str, about: dict[str, Any]) -> None:
        entry = {
            "at": self._now().isoformat(timespec="milliseconds"),
            "token": caller.token_id,
            "address": caller.address,
            "request": caller.request_id,
            "act": act,
            **about,
        }
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Opened anew each time: a file that was moved away is missed by nobody.
        descriptor = os.open(self.path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            os.fchmod(descriptor, 0o600) if hasattr(os, "fchmod") else None
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
