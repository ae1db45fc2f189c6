"""What spent money or commanded a pod, written down before it is done: a line of JSON each, for the owner alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
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
                f"The audit log of this server could not be written: {exc.strerror or exc}. Nothing was done.",
                "Make room on the disk of the serving computer.",
            ) from exc

    def write(self, caller: Caller, act: str, **about: Any) -> None:
        """Write down what was done, or is done in any case, since it ends money: a disk that is full costs the line."""
        with suppress(OSError):
            self._write(caller, act, about)

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
        with os.fdopen(descriptor, "ab") as file:
            if hasattr(os, "fchmod"):
                os.fchmod(descriptor, 0o600)
            file.write(line.encode())
            file.flush()  # all of it, or an error: a disk that is nearly full takes a part without one
            os.fsync(descriptor)
