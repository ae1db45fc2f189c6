"""How much of the rented time no GPU was busy, and in which phases: folded from the readings of the machine."""

from __future__ import annotations

from dataclasses import dataclass, field

from pod_image.contract.bodies import GpuIdle, PhaseSeconds
from pod_image.contract.outcomes import Phase


@dataclass
class GpuIdleMeter:
    """A reading holds until the next one. Before the first nothing of ours ran: the GPU was idle.

    While no GPU can be read, the time counts as neither. Times are the cloud's, unix seconds.
    """

    phase: Phase = Phase.BOOT
    counted_until: float | None = None
    is_busy: bool | None = False
    """None while it cannot be told."""
    has_read: bool = False
    busy_seconds: float = 0.0
    idle_phases: dict[Phase, float] = field(default_factory=dict)

    def begin(self, at: float) -> None:
        """What is paid and was watched begins here."""
        self.counted_until = at

    def enter(self, phase: Phase, now: float) -> None:
        self._count(now)
        self.phase = phase

    def read(self, is_busy: bool | None, now: float) -> None:
        """Take in a reading: whether any GPU was busy; None where none could be read."""
        self._count(now)
        self.is_busy = is_busy
        self.has_read = self.has_read or is_busy is not None

    def so_far(self, now: float) -> GpuIdle | None:
        """None where no GPU was ever read."""
        self._count(now)
        if not self.has_read:
            return None
        idle_seconds = sum(self.idle_phases.values())
        return GpuIdle(
            watched_seconds=round(self.busy_seconds + idle_seconds, 2),
            idle_seconds=round(idle_seconds, 2),
            phases=tuple(
                PhaseSeconds(name=name, seconds=round(seconds, 2))
                for name, seconds in self.idle_phases.items()
                if seconds > 0
            ),
        )

    def _count(self, now: float) -> None:
        if self.counted_until is None:
            return
        # Two clocks that are brought together may go back a little; no second counts twice.
        seconds = max(0.0, now - self.counted_until)
        self.counted_until = max(self.counted_until, now)
        if self.is_busy:
            self.busy_seconds += seconds
        elif self.is_busy is not None:
            self.idle_phases[self.phase] = self.idle_phases.get(self.phase, 0.0) + seconds
