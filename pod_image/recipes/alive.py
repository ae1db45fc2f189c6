"""Signs of life of a preparation that says nothing itself, such as an installation."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pod_image.contract.bodies import PhaseChange
from pod_image.contract.outcomes import Phase
from pod_image.recipes.worker import Emit

ALIVE_SECONDS = 10.0


@contextmanager
def alive(report: Emit) -> Iterator[None]:
    """What goes on inside counts as getting on for as long as it runs, up to the run's own limits."""
    over, began = threading.Event(), time.monotonic()

    def say() -> None:
        while not over.wait(ALIVE_SECONDS):
            seconds = round(time.monotonic() - began, 1)
            report(PhaseChange(phase=Phase.PREPARE, state="progress", done=seconds, unit="seconds"))

    threading.Thread(target=say, daemon=True).start()
    try:
        yield
    finally:
        over.set()
