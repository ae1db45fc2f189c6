"""What became of each sentence: said and heard once, and known from then on, also in another life of this container."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pod_image.recipes.distil.measured import Measured
from pod_image.recipes.distil.sentences import Sentence


@dataclass(frozen=True)
class Row:
    """`measured` is None for a sentence that was not said (`was_spoken` False), or whose clip cannot be read; `why_not`
    says why then.
    """

    key: str
    text: str
    measured: Measured | None = None
    why_not: str = ""
    was_spoken: bool = True

    @property
    def sentence(self) -> Sentence:
        return Sentence(self.key, self.text)

    def to_line(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False) + "\n"


def row_of(line: str) -> Row | None:
    """None for a line that a kill left torn, or that another version wrote."""
    try:
        values = json.loads(line)
        measured = values.pop("measured")
        return Row(**values, measured=Measured(**measured) if measured is not None else None)
    except (ValueError, TypeError, AttributeError, LookupError):
        return None


def rows_in(lines: Iterable[str]) -> dict[str, Row]:
    """By key; of two with one key the later."""
    return {row.key: row for line in lines if (row := row_of(line)) is not None}


@dataclass
class Rows:
    """The rows in a file that only grows. `add` may be called from several threads."""

    path: Path
    by_key: dict[str, Row] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def open(cls, path: Path) -> Rows:
        """With what an earlier life wrote. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text("utf-8", "replace") if path.is_file() else ""
        if text and not text.endswith("\n"):
            with path.open("a", encoding="utf-8") as file:
                file.write("\n")  # what comes next must not be glued to a torn line
        return cls(path, rows_in(text.splitlines()))

    def add(self, row: Row) -> None:
        with self._lock:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(row.to_line())
            self.by_key[row.key] = row

    def add_all(self, rows: Mapping[str, Row]) -> None:
        """Those that are not known yet."""
        for key, row in rows.items():
            if key not in self.by_key:
                self.add(row)
