"""One line on stderr that says how far something is; redrawn on a terminal, and told once a stage anywhere else."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Self

from launcher.cli.documents.said import Progress
from launcher.cli.terminal.layout import fit, width
from launcher.cli.terminal.output import Output
from launcher.cli.terminal.plain_text import plain_text_line, unguarded

SECONDS_BETWEEN_DRAWS = 0.1
SECONDS_BETWEEN_LINES = 1.0
"""Of one stage, for programs."""


class ProgressLine:
    """Inside `with ProgressLine(output) as line:`, `line.tell(stage, text)` from any thread; gone at the end."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._stage = ""
        self._drawn_at = float("-inf")
        self._is_over = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._is_over = True
            if self._output.is_live and self._stage:
                _draw("")

    def tell(self, stage: str, text: str = "") -> None:
        """Say that `stage` is under way; `text` is how far it is."""
        with self._lock:
            if self._is_over:
                return
            is_new, self._stage = stage != self._stage, stage
            if self._output.is_live:
                self._draw(f"{stage} {text}".rstrip(), at_once=is_new)
            elif is_new:
                self._output.talk(f"{stage}.")

    def count(self, stage: str, done: int, of: int) -> None:
        """`done` of so many; where the command streams, a document for programs."""
        if self._output.streams:
            self._stream(stage, done, of)
            return
        self.tell(stage, f"{done:,} of {of:,}" if of > 1 else "")

    def _stream(self, stage: str, done: int, of: int) -> None:
        with self._lock:
            now = time.monotonic()
            is_new, self._stage = stage != self._stage, stage
            if self._is_over or not (is_new or now - self._drawn_at >= SECONDS_BETWEEN_LINES):
                return
            self._drawn_at = now
            line: Progress = {
                "schema": "progress",
                "version": 1,
                "stage": stage,
                "done": done,
                "total": of,
            }
            self._output.event(line)

    def _draw(self, line: str, *, at_once: bool) -> None:
        now = time.monotonic()
        if at_once or now - self._drawn_at >= SECONDS_BETWEEN_DRAWS:
            self._drawn_at = now
            _draw(fit(plain_text_line(line), width() - 1))


def _draw(line: str) -> None:
    """In place of the line before."""
    terminal = unguarded(sys.stderr)
    terminal.write(f"\r\x1b[K{line}")
    terminal.flush()
