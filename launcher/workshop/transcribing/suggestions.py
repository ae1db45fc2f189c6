"""Suggested texts, in a file of their own beside the table: a line for each clip heard, added as soon as it is heard.

A kill loses at most the line that was being written; whatever is in the file is not heard again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from launcher.config import is_private
from launcher.errors import InvalidRequest
from pod_image.contract.whole_file import write_whole
from pod_image.hearing.clips import SURE_PROBABILITY

SUGGESTIONS = ".suggestions.jsonl"
_LOCK = ".suggestions.lock"


@dataclass(frozen=True)
class SuggestedWord:
    text: str
    probability: float

    @property
    def is_sure(self) -> bool:
        return self.probability >= SURE_PROBABILITY


@dataclass(frozen=True)
class Suggestion:
    """What was heard in a file, or in a part of a long one (`start` and `end` in seconds, None for all of it).

    `why_not` says why there is no text. `heard_to` ends a piece of a long recording: it has no text of its own.
    """

    file: str
    sha256: str
    language: str
    model: str
    words: tuple[SuggestedWord, ...] = ()
    why_not: str = ""
    start: float | None = None
    end: float | None = None
    heard_to: float | None = None

    @property
    def text(self) -> str:
        return " ".join(each.text for each in self.words)

    @property
    def confidence(self) -> float:
        """Mean over the words, 0 to 1."""
        known = [each.probability for each in self.words]
        return round(sum(known) / len(known), 3) if known else 0.0

    @property
    def is_sure(self) -> bool:
        """Every word of it."""
        return bool(self.words) and all(each.is_sure for each in self.words)

    @property
    def unsure_words(self) -> tuple[str, ...]:
        return tuple(each.text for each in self.words if not each.is_sure)

    @property
    def key(self) -> tuple[str, float | None]:
        """Which clip, or part of a recording, it is about."""
        return (self.file, self.start)

    @property
    def made_by(self) -> tuple[str, str, str]:
        """Of which sound and by whom: of two of one file that differ in it, the newer one stands alone."""
        return (self.sha256, self.language, self.model)

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "file": self.file,
            "text": self.text,
            "confidence": self.confidence,
            "words": [[each.text, round(each.probability, 3)] for each in self.words],
            "why_not": self.why_not,
            "language": self.language,
            "model": self.model,
            "sha256": self.sha256,
        }
        for name in ("start", "end", "heard_to"):
            value = getattr(self, name)
            if value is not None:
                document[name] = round(value, 3)
        return document


class _OfFile:
    """Lines about one file, as they come."""

    def __init__(self, made_by: tuple[str, str, str]) -> None:
        self.made_by = made_by
        self._parts: list[Suggestion] = []
        self._whole: dict[tuple[float | None, float | None], Suggestion] = {}

    @property
    def whole(self) -> list[Suggestion]:
        return list(self._whole.values())

    def take(self, each: Suggestion) -> None:
        if each.heard_to is None and each.start is not None:
            self._parts.append(each)
            return
        for one in (*self._parts, each):
            self._whole[(one.start, one.heard_to)] = one
        self._parts = []


class SuggestionsFile:
    """Those of one folder. Reading takes no lock; who hears or accepts holds `alone()`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / SUGGESTIONS

    def alone(self) -> FileLock:
        """Held while clips are heard or suggestions taken; enter it with `holding`."""
        return FileLock(self._folder / _LOCK, timeout=0)

    def read(self) -> list[Suggestion]:
        """All that are whole, each clip's newest. Parts of a long piece count once its end was written."""
        by_file: dict[str, _OfFile] = {}
        for each in self._lines():
            known = by_file.get(each.file)
            if known is None or known.made_by != each.made_by:
                known = by_file[each.file] = _OfFile(each.made_by)
            known.take(each)
        return [each for known in by_file.values() for each in known.whole]

    def add(self, suggestions: Iterable[Suggestion]) -> None:
        """Write them behind the others, at once: together they are there or not."""
        lines = "".join(
            f"{json.dumps(each.to_json(), ensure_ascii=False)}\n" for each in suggestions
        )
        if not self.path.exists():
            write_whole(self.path, "", is_private=is_private(self._folder))
        with self.path.open("r+b") as file:
            file.seek(0, 2)
            if file.tell() and not _ends_a_line(file):
                file.write(b"\n")  # what a kill left of a line stays a line that is passed over
            file.write(lines.encode())

    def keep(self, suggestions: Sequence[Suggestion]) -> None:
        """Write these in place of all."""
        lines = [json.dumps(each.to_json(), ensure_ascii=False) for each in suggestions]
        text = "".join(f"{line}\n" for line in lines)
        write_whole(self.path, text, is_private=is_private(self._folder), is_durable=True)

    def _lines(self) -> Iterator[Suggestion]:
        try:
            raw = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        for line in raw.splitlines():
            found = _parsed(line)
            if found is not None:
                yield found


def holding(lock: FileLock) -> FileLock:
    """The lock, taken. InvalidRequest where another process has it."""
    try:
        lock.acquire()
    except Timeout as exc:
        raise InvalidRequest(
            "Another program is already working on the texts of this dataset.",
            hint="Wait for it to end, or stop it: it can continue later.",
        ) from exc
    return lock


def _ends_a_line(file: Any) -> bool:
    file.seek(-1, 2)
    return bool(file.read(1) == b"\n")


def _parsed(line: str) -> Suggestion | None:
    try:
        values = json.loads(line)
        return Suggestion(
            file=str(values["file"]),
            sha256=str(values["sha256"]),
            language=str(values["language"]),
            model=str(values["model"]),
            words=tuple(SuggestedWord(str(text), float(p)) for text, p in values["words"]),
            why_not=str(values["why_not"]),
            **{
                name: float(values[name])
                for name in ("start", "end", "heard_to")
                if values.get(name) is not None
            },
        )
    except (ValueError, KeyError, TypeError):
        return None
