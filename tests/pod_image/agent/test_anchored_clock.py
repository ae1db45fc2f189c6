"""The time by which an agent counts."""

from __future__ import annotations

from pod_image.agent.clock import AnchoredClock
from tests.kit.clocks import MachineClock
from tests.kit.virtual_time import in_virtual_time


@in_virtual_time
async def test_hours_that_the_machine_slept_are_of_the_runs_time() -> None:
    """The loop's time stands still meanwhile; what ends a run from outside counts on."""
    slept = [0.0]
    seen = MachineClock()
    clock = AnchoredClock(seen, lambda: slept[0])
    clock.anchor(seen.now())
    began = clock.now()
    slept[0] += 7_200.0
    assert clock.now() == began + 7_200.0
