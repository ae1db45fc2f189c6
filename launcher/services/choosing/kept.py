"""Answers of others that are kept in a file for a while. What cannot be read or written is asked for again."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pod_image.contract.whole_file import write_whole

VERSION = 1
MOST_BYTES = 16 << 20


@dataclass(frozen=True)
class Kept:
    """`at`: when it was asked for."""

    content: Any
    at: datetime


def read_kept(path: Path) -> Kept | None:
    """None where there is nothing of ours that can be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != VERSION:
            return None
        at = datetime.fromisoformat(document["at"])
        return Kept(document["content"], at) if at.tzinfo is not None else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(path: Path, content: Any, now: datetime) -> None:
    """A disk that is full costs only that it is asked for again."""
    document = {"version": VERSION, "at": now.isoformat(), "content": content}
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, json.dumps(document), is_private=True, is_shared=True)
