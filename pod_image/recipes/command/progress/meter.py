"""Puts together what bars, lines and files say, and reckons the speed by our own clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from pod_image.contract.bodies import Step
from pod_image.recipes.command.progress.reading import MOST, Reading

SAY_SECONDS = 0.25
HOLD_SECONDS = 1.0
REDRAW_SECONDS = 0.05
"""The bar is drawn again right after a line that it made way for, with the line's step. One that comes later is of a
later step: the two came by different ways, and the line is of the step before."""
WINDOW_SECONDS = 60.0


class Source(IntEnum):
    """Where progress is read from; the lower is believed where several speak."""

    OWN_LINE = 0
    PATTERN = 1
    FILE = 2
    BAR = 3
    TRAINER_LINE = 4


class ProgressMeter:
    """Says steps, a few a second at most. Its clock is an argument; nothing here waits."""

    def __init__(
        self, now: Callable[[], float], say: Callable[[Step], None], found: Callable[[Source], None]
    ) -> None:
        self._now, self._say, self._found = now, say, found
        self._source: Source | None = None
        self._step: float | None = None
        self._total: float | None = None
        self._bars_total: float | None = None
        self._epoch: float | None = None
        self._told = Reading()
        self._sums: dict[str, tuple[float, int]] = {}
        self._points: deque[tuple[float, float]] = deque()
        self._has_moved = False
        self._held: list[Reading] = []
        self._held_at = 0.0
        self._reports = 0
        self._epoch_steps: float | None = None
        """How many steps an epoch has, where a trainer's state told it."""
        self._is_new = False
        self._said_at = -SAY_SECONDS
        self._beside: dict[str, float] = {}

    def read(self, source: Source, reading: Reading) -> None:
        """Take a reading in. What a better source has told already is not heard from another."""
        if source is Source.BAR:
            self.lend_total(reading.total)
        if source is Source.TRAINER_LINE:
            self._hold(reading)
            return
        if self._source is not None and source > self._source:
            return
        if source is not self._source:
            self._change(source)
        is_redrawn = self._now() - self._held_at <= REDRAW_SECONDS or self._step is None
        if self._held and not is_redrawn:
            self._release_held()
        self._take(reading)
        if self._held:
            self._release_held()

    def lend_total(self, total: float | None) -> None:
        """How many steps there are by a bar, for a source that does not say."""
        self._bars_total = total or self._bars_total

    def tell_beside(self, scalars: Mapping[str, float]) -> None:
        """Further curves, from files that are written out now and then: they belong to the step that comes next."""
        self._beside.update(scalars)
        self._is_new = self._is_new or bool(scalars)

    def calibrate(self, state: Reading) -> None:
        """A checkpoint told how many steps an epoch has, and how many there are in all."""
        if state.step and state.epoch:
            self._epoch_steps = state.step / state.epoch
        if state.total and self._source in (Source.TRAINER_LINE, Source.FILE):
            self._total = state.total

    def tick(self) -> None:
        """Say what is new, if it is time to."""
        now = self._now()
        if self._held and now - self._held_at >= HOLD_SECONDS:
            self._release_held()
        if self._is_new and now - self._said_at >= SAY_SECONDS:
            self._say_it()

    def finish(self) -> None:
        """The command has ended: nothing is kept back."""
        if self._held:
            self._release_held()
        if self._is_new:
            self._say_it()

    def _hold(self, reading: Reading) -> None:
        """A line without a step waits for the bar, which has it."""
        if self._source is not None and self._source < Source.BAR:
            return
        if not self._held:
            self._held_at = self._now()
        self._held.append(reading)

    def _release_held(self) -> None:
        for reading in self._held:
            self._reports += 1
            if self._source is not Source.BAR:
                if self._source is None:
                    self._change(Source.TRAINER_LINE)
                reading = self._with_step(reading)
            self._take(Reading(reading.step, reading.total, reading.epoch, scalars=reading.scalars))
            self._say_it()
        self._held = []

    def _with_step(self, reading: Reading) -> Reading:
        """Nothing told a step: epochs do where a checkpoint told their length, else the lines are counted."""
        step: float = self._reports
        if reading.epoch is not None and self._epoch_steps is not None:
            step = round(reading.epoch * self._epoch_steps)
        return Reading(step, self._total, reading.epoch, scalars=reading.scalars)

    def _change(self, source: Source) -> None:
        self._source = source
        self._step = self._total = None
        self._sums.clear()
        self._points.clear()
        self._has_moved = False
        self._found(source)

    def _take(self, reading: Reading) -> None:
        if reading.step is not None:
            self._move_to(reading.step)
        self._total = reading.total or (self._total if reading.step is None else None) or None
        if reading.epoch is not None:
            self._epoch = reading.epoch
        self._told = reading
        for name, value in reading.scalars.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value, count + 1)
        self._is_new = True

    def _move_to(self, step: float) -> None:
        """The first move is no measure: a training that goes on jumps to where it was."""
        now, before = self._now(), self._step
        self._step = step
        if before is None or step < before:
            self._points.clear()
            self._has_moved = False
        elif step > before and not self._has_moved:
            self._has_moved = True
            self._points.append((now, step))
        elif step > before:
            self._points.append((now, step))
            while len(self._points) > 2 and now - self._points[0][0] > WINDOW_SECONDS:
                self._points.popleft()

    def _speed(self) -> float | None:
        if len(self._points) < 2:
            return None
        (began, first), (now, last) = self._points[0], self._points[-1]
        return (last - first) / (now - began) if now > began else None

    def _say_it(self) -> None:
        self._is_new = False
        if self._step is None:
            return
        self._said_at = self._now()
        step = int(self._step)
        losses = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums.clear()
        losses |= self._beside
        self._beside = {}
        # What is told first is what people watch: no learning rate.
        losses = dict(sorted(losses.items(), key=lambda one: "loss" not in one[0].lower()))
        told = self._told
        parts: dict[str, Any] = {
            "total_steps": self._whole(step),
            "epoch": None if self._epoch is None else _count(self._epoch),
            "steps_per_second": told.speed if told.speed is not None else self._speed(),
            "seconds_left": told.seconds_left,
        }
        known = {name: value for name, value in parts.items() if value is not None}
        self._say(Step(step=step, losses=losses, **known))

    def _whole(self, step: int) -> int | None:
        total = self._total
        if total is None and self._source is Source.FILE:
            total = self._bars_total  # the file has the numbers, the bar how many there will be
        whole = None if total is None else _count(total)
        return whole if whole is not None and whole >= step else None


def _count(value: float) -> int:
    return int(min(max(value, 0.0), MOST))
