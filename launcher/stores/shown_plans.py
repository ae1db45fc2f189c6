"""Plans that were shown, for an hour: one small private file each, named by the plan's hash."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pod_image.contract.whole_file import write_whole

KEPT = timedelta(hours=1)
_CLOCK_SET_BACK = timedelta(minutes=1)
"""A plan from so far ahead is none: else a clock that went back would keep it for longer than its hour."""
MOST_KEPT = 200
_BEGINS_A_HASH = re.compile(r"[0-9a-f]{1,64}")


class ShownPlans:
    """Documents by hash. Others may write here at the same time: the last one stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, plan_hash: str, document: dict[str, Any], now: datetime) -> None:
        """Write it down, and drop what is too old. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._drop_old(now)
        text = json.dumps({**document, "shown_at": now.isoformat()}, ensure_ascii=False)
        write_whole(self._folder / f"{plan_hash}.json", text, is_private=True, is_shared=True)

    def begin_with(self, start: str) -> list[str]:
        """The hashes of kept plans that begin so, old ones too. Never raises."""
        if not _BEGINS_A_HASH.fullmatch(start):
            return []
        with suppress(OSError):
            return sorted(path.stem for path in self._folder.glob(f"{start}*.json"))
        return []

    def read(self, plan_hash: str) -> dict[str, Any] | None:
        """None for one that is not there, or cannot be read."""
        with suppress(OSError, ValueError):
            document = json.loads((self._folder / f"{plan_hash}.json").read_text("utf-8"))
            return document if isinstance(document, dict) else None
        return None

    def drop(self, plan_hash: str) -> None:
        with suppress(OSError):
            (self._folder / f"{plan_hash}.json").unlink(missing_ok=True)

    def _drop_old(self, now: datetime) -> None:
        with suppress(OSError):
            kept = {path.stem: self.shown_at(path.stem) for path in self._folder.glob("*.json")}
            by_age = sorted(kept, key=lambda each: str(kept[each]), reverse=True)
            for each in by_age:
                if is_over(kept[each], now) or each in by_age[MOST_KEPT - 1 :]:
                    self.drop(each)

    def shown_at(self, plan_hash: str) -> datetime | None:
        """When it was shown; None for one that cannot be read."""
        with suppress(TypeError, ValueError, KeyError):
            found = datetime.fromisoformat((self.read(plan_hash) or {})["shown_at"])
            return found if found.tzinfo is not None else None
        return None


def is_over(shown_at: datetime | None, now: datetime) -> bool:
    """Whether the hour of a plan has passed."""
    return shown_at is None or not -_CLOCK_SET_BACK <= now - shown_at <= KEPT
