"""How the machine did while it trained: speed, waiting for clips, GPU use; folded from steps and readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pod_image.contract.bodies import Gpu, Pace, Step


@dataclass
class PaceMeter:
    """Means over the time that was trained, not over events: each window of steps counts as long as it lasted.

    The first window is left out: it holds loading, compiling and the search for kernels.
    """

    last_step: int | None = None
    steps: int = 0
    seconds: float = 0.0
    waited_seconds: float = 0.0
    """Of those seconds whose waiting was told."""
    told_seconds: float = 0.0
    skipped_steps: int = 0
    gpu_readings: int = 0
    gpu_use_percent_sum: float = 0.0
    """One reading is the mean over the GPUs."""
    gpu_memory_gb: float | None = None

    def stepped(self, told: Step) -> None:
        """Take in a step that the recipe told."""
        step, speed = told.step, told.steps_per_second
        last, self.last_step = self.last_step, step
        self.skipped_steps = told.skipped_steps
        if last is None or not speed or step <= last:
            return
        seconds = (step - last) / speed
        self.steps += step - last
        self.seconds += seconds
        if told.data_wait_share is not None:
            self.waited_seconds += told.data_wait_share * seconds
            self.told_seconds += seconds

    def read(self, gpus: Sequence[Gpu]) -> None:
        """Take in a reading of the GPUs; before the first step they are not training."""
        uses = [gpu.use_percent for gpu in gpus if gpu.use_percent is not None]
        if self.last_step is None or not uses:
            return
        self.gpu_readings += 1
        self.gpu_use_percent_sum += sum(uses) / len(uses)
        used = [gpu.memory_used_gb for gpu in gpus if gpu.memory_used_gb is not None]
        self.gpu_memory_gb = max([*used, self.gpu_memory_gb or 0.0]) or None

    def so_far(self) -> Pace | None:
        """None before there is anything to tell."""
        if not self.seconds and not self.gpu_readings:
            return None
        return Pace(
            steps_per_second=_share(self.steps, self.seconds, 4),
            data_wait_share=_share(self.waited_seconds, self.told_seconds, 4),
            gpu_use_percent=_share(self.gpu_use_percent_sum, self.gpu_readings, 1),
            gpu_memory_peak_gb=self.gpu_memory_gb,
            skipped_steps=self.skipped_steps,
        )


def _share(part: float, whole: float, digits: int) -> float | None:
    return round(part / whole, digits) if whole else None
