"""What the steps say of themselves about once a second, read from the device without waiting for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from pod_image.contract.bodies import Step
from pod_image.contract.next_steps import NextStep, Sentence
from pod_image.recipes.piper.device import is_apart
from pod_image.recipes.piper.optimisation import LOSS_NAMES, Optimisation
from pod_image.recipes.piper.recipe_error import RecipeError
from pod_image.recipes.worker import Emit

REPORT_SECONDS = 1.0
FIRST_STEPS_REPORTED = 5
BROKEN_STEPS_IN_A_ROW = 5


class Reading(Protocol):
    """Values on their way from the device."""

    def is_here(self) -> bool: ...

    def values(self) -> list[float]:
        """Waits for them where they are not here yet."""


BeginReading = Callable[[Tensor], Reading]


class _Here:
    """Of a device whose memory is the host's."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    def is_here(self) -> bool:
        return True

    def values(self) -> list[float]:
        found: list[float] = self._tensor.tolist()
        return found


class _OnItsWay(_Here):
    """A copy into pinned memory, which torch takes where it is asked not to wait, and the event that ends it."""

    def __init__(self, tensor: Tensor) -> None:
        super().__init__(tensor.to("cpu", non_blocking=True))
        self._arrival = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        self._arrival.record()

    def is_here(self) -> bool:
        return bool(self._arrival.query())  # type: ignore[no-untyped-call]

    def values(self) -> list[float]:
        self._arrival.synchronize()
        return super().values()


def begin_reading(tensor: Tensor) -> Reading:
    """Have the values of `tensor` brought to the host, whatever happens to it afterwards."""
    return _OnItsWay(tensor) if is_apart(tensor.device) else _Here(tensor)


@dataclass(frozen=True)
class StepFacts:
    """What is known of a step without the device."""

    step: int
    total_steps: int
    epoch: int
    seconds_left: float


@dataclass(frozen=True)
class _Asked:
    """A report that lacks nothing but what is still on its way."""

    facts: StepFacts
    steps_per_second: float
    data_wait_share: float
    reading: Reading


class StepReports:
    """Sums the losses of steps on the device; `ask` has their means read, `tell` says those that have arrived."""

    def __init__(
        self,
        optimisation: Optimisation,
        emit: Emit,
        clock: Callable[[], float],
        read: BeginReading = begin_reading,
    ) -> None:
        self._optimisation, self._emit, self._clock, self._read = optimisation, emit, clock, read
        self._window = torch.zeros(len(LOSS_NAMES), device=optimisation.device)
        self._asked: deque[_Asked] = deque()
        self._reported = clock()
        self._steps = 0
        self._batch_seconds = 0.0

    def add(self, losses: Tensor) -> None:
        """Take in the losses [6] of one more step."""
        self._window += losses
        self._steps += 1

    def add_batch_seconds(self, seconds: float) -> None:
        """So much of the time went into making a batch."""
        self._batch_seconds += seconds

    def pass_over(self, seconds: float) -> None:
        """So much of the time was no steps': it does not count against their speed."""
        self._reported += seconds

    def is_due(self, step: int) -> bool:
        return step <= FIRST_STEPS_REPORTED or self._clock() - self._reported >= REPORT_SECONDS

    def ask(self, facts: StepFacts) -> None:
        """Have what came since the last time read; `facts` are of the step that came last."""
        if not self._steps:
            return
        now = self._clock()
        seconds = max(now - self._reported, 1e-9)
        o = self._optimisation
        counts = torch.stack([o.skipped, o.skipped_in_a_row])
        reading = self._read(torch.cat([self._window / self._steps, counts]))
        speed, share = self._steps / seconds, self._batch_seconds / seconds
        self._asked.append(_Asked(facts, round(speed, 4), round(share, 4), reading))
        self._reported, self._steps, self._batch_seconds = now, 0, 0.0
        self._window.zero_()

    def tell(self, *, waits: bool = False) -> None:
        """Say, in order, every report whose losses are here; with `waits` all that were asked for.

        Raises RecipeError when losses were not finite several times in a row.
        """
        while self._asked and (waits or self._asked[0].reading.is_here()):
            asked = self._asked.popleft()
            *means, skipped, in_a_row = asked.reading.values()
            losses = dict(zip(LOSS_NAMES, (round(mean, 6) for mean in means), strict=True))
            _check_finite(in_a_row, asked.facts.step)
            self._emit(
                Step(
                    step=asked.facts.step,
                    total_steps=asked.facts.total_steps,
                    epoch=asked.facts.epoch,
                    losses=losses,
                    steps_per_second=asked.steps_per_second,
                    seconds_left=asked.facts.seconds_left,
                    data_wait_share=asked.data_wait_share,
                    skipped_steps=int(skipped),
                )
            )


def _check_finite(in_a_row: float, step: int) -> None:
    if in_a_row >= BROKEN_STEPS_IN_A_ROW:
        raise RecipeError(
            f"Losses were not finite {BROKEN_STEPS_IN_A_ROW} steps in a row, up to step {step}; "
            f"none of these steps was applied.",
            hint=Sentence(
                "Lower the learning rate, or look for broken recordings with ",
                NextStep.CHECK_DATASET,
                ".",
            ),
        )
