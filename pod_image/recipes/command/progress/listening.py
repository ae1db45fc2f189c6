"""Reads a command's output and files for progress, by the way that was chosen; passes the output on as log."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pod_image.contract.bodies import Step
from pod_image.contract.progress_choice import ProgressChoice, ProgressWay
from pod_image.recipes.command.progress import json_lines, trainer_lines
from pod_image.recipes.command.progress.bars import Bar, apart, bar_in
from pod_image.recipes.command.progress.following import ProgressFiles
from pod_image.recipes.command.progress.meter import ProgressMeter, Source
from pod_image.recipes.command.progress.pattern import Pattern
from pod_image.recipes.command.progress.pieces import Piece, Pieces
from pod_image.recipes.command.progress.reading import Reading
from pod_image.recipes.command.progress.training_bar import TrainingBar

READ_BYTES = 1 << 16
BAR_LOG_SECONDS = 30.0
"""A bar is drawn ten times a second and more; the log keeps one of them in so long, and the last."""
MOST_WAITING_LINES = 1_000
"""For a person's pattern, which is tried in turn with other work: what is older is left out."""
FOUND = {
    Source.OWN_LINE: "lines of JSON",
    Source.PATTERN: "lines that match your pattern",
    Source.BAR: "its progress bar",
    Source.TRAINER_LINE: "the lines that Hugging Face's Trainer prints",
}

Log = Callable[[str], None]


class Bars(Protocol):
    """Which of the bars is the training's, and how far it is by it."""

    def read(self, bar: Bar) -> Reading | None:
        """None for a bar that is not the training's."""
        ...


@dataclass(frozen=True)
class Curves:
    """Files below the command's folder whose numbers are told beside those of the bars, but for some names."""

    pattern: str = ""
    left_out: tuple[str, ...] = ()


NO_CURVES = Curves()


class Listener:
    """`listen` runs on a thread of its own; all else is called by the loop that watches the command."""

    def __init__(
        self,
        choice: ProgressChoice,
        folder: Path,
        now: Callable[[], float],
        say: Callable[[Step], None],
        log: Log,
        bars: Bars | None = None,
        curves: Curves = NO_CURVES,
    ) -> None:
        self.lines = 0
        """What was written so far, bars counted each time that they are drawn: a sign of life."""
        self._way, self._log, self._now = choice.way, log, now
        self._lock = threading.Lock()
        self._meter = ProgressMeter(now, say, self._say_where)
        self._bars: Bars = bars or TrainingBar()
        self._curves = curves
        beside = ProgressFiles(folder, curves.pattern, now) if curves.pattern else None
        self._curve_files = beside
        self._drawn_logged_at = -BAR_LOG_SECONDS
        self._drawn = ""
        self._seen = ""
        """The bar that was read before its end came."""
        self._waiting: deque[str] = deque(maxlen=MOST_WAITING_LINES)
        is_regex = choice.way is ProgressWay.REGEX
        self._pattern = Pattern(choice.argument) if is_regex else None
        self._was_given_up = False
        follows = choice.way in (ProgressWay.AUTO, ProgressWay.FILE)
        self._files = ProgressFiles(folder, choice.argument or None, now) if follows else None
        self._file = ""

    def listen(self, descriptor: int) -> None:
        """Until the output ends. Never raises for what stands in it."""
        pieces = Pieces()
        while True:
            try:
                data = os.read(descriptor, READ_BYTES)
            except OSError:
                data = b""
            self.take(pieces, data, is_last=not data)
            if not data:
                return

    def take(self, pieces: Pieces, data: bytes, *, is_last: bool) -> None:
        """What one read brought."""
        with self._lock:
            for piece in pieces.feed(data, is_last=is_last):
                self._hear(piece)
            # A bar is ended by its next drawing alone, which may be a minute away.
            drawn = bar_in(pieces.drawn)
            if drawn is not None and pieces.drawn != self._seen:
                self._seen = pieces.drawn
                self._see(drawn)

    def look(self) -> None:
        """What there is to do between reads: files, a person's pattern, and what is due to be said."""
        self._try_pattern()
        with self._lock:
            if self._files is not None:
                self._take_files(self._files, is_last=False)
            self._take_curves(is_last=False)
            self._meter.tick()

    def finish(self) -> None:
        """The command has ended."""
        self._try_pattern()
        with self._lock:
            if self._files is not None:
                self._take_files(self._files, is_last=True)
            self._take_curves(is_last=True)
            self._meter.finish()

    def _hear(self, piece: Piece) -> None:
        self.lines += 1
        bar = bar_in(piece.text)
        if bar is not None:
            self._log_drawn(piece.text, is_last=bar.is_full)
            if piece.text != self._seen:
                self._see(bar)
            self._seen = ""
            return
        if not piece.text:
            return
        drawn, printed = apart(piece.text)
        if drawn:
            self._hear(Piece(drawn, is_line=False))
            self._hear(Piece(printed.strip(), piece.is_line))
            return
        if piece.is_line:
            self._log(piece.text)
        else:
            self._log_drawn(piece.text, is_last=False)
        if self._pattern is not None:
            self._waiting.append(piece.text)
            return
        if self._reads(ProgressWay.JSON):
            own = json_lines.reading_in(piece.text)
            if own is not None:
                self._meter.read(Source.OWN_LINE, own)
        if self._reads(ProgressWay.TRAINER):
            told = trainer_lines.reading_in(piece.text)
            if told is not None:
                self._meter.read(Source.TRAINER_LINE, told)

    def _see(self, bar: Bar) -> None:
        # Trainer's lines hold no step: they are read with the bar beside them.
        if self._reads(ProgressWay.BAR) or self._way in (ProgressWay.TRAINER, ProgressWay.FILE):
            reading = self._bars.read(bar)
            if reading is None:
                return
            if self._way is ProgressWay.FILE:
                self._meter.lend_total(reading.total)
            else:
                self._meter.read(Source.BAR, reading)

    def _log_drawn(self, text: str, *, is_last: bool) -> None:
        """What is drawn over itself."""
        now = self._now()
        if is_last or now - self._drawn_logged_at >= BAR_LOG_SECONDS:
            if text != self._drawn:
                self._log(text)
            self._drawn, self._drawn_logged_at = text, now

    def _reads(self, way: ProgressWay) -> bool:
        return self._way in (ProgressWay.AUTO, way)

    def _take_files(self, files: ProgressFiles, *, is_last: bool) -> None:
        looked = files.look_a_last_time() if is_last else files.look()
        for found in looked.rows:
            self._file = found.path.name
            self._meter.read(Source.FILE, found.reading)
        for state in looked.states:
            self._meter.calibrate(state)

    def _take_curves(self, *, is_last: bool) -> None:
        files = self._curve_files
        if files is None:
            return
        for found in (files.look_a_last_time() if is_last else files.look()).rows:
            scalars = found.reading.scalars.items()
            self._meter.tell_beside(
                {name: value for name, value in scalars if name not in self._curves.left_out}
            )

    def _try_pattern(self) -> None:
        pattern = self._pattern
        if pattern is None:
            return
        while self._waiting and not pattern.is_given_up:
            reading = pattern.read(self._waiting.popleft())
            if reading is not None:
                with self._lock:
                    self._meter.read(Source.PATTERN, reading)
        if pattern.is_given_up and not self._was_given_up:
            self._was_given_up = True
            self._log(
                "Your pattern for progress takes too long on its lines and is no longer used."
            )

    def _say_where(self, source: Source) -> None:
        place = FOUND.get(source) or f"the file {self._file}"
        self._log(f"Progress is read from {place}.")
