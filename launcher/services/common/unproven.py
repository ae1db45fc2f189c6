"""Somebody is told of a pod whose end takes too long to be proved, while it is still asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from launcher.domain.run import Run
from launcher.services.common.workbench import Workbench

PATIENCE_SECONDS = 45.0
"""A provider mostly needs a few; whoever is told later than in a minute may have paid for it."""


@asynccontextmanager
async def told_when_slow(bench: Workbench, run: Run, why: str) -> AsyncIterator[None]:
    """Around a release. `why` is a sentence: that the pod should be gone, and why. Changes nothing of the release."""
    telling = asyncio.ensure_future(_tell_later(bench, run, why))
    try:
        yield
    finally:
        telling.cancel()


async def _tell_later(bench: Workbench, run: Run, why: str) -> None:
    await bench.clock.sleep(PATIENCE_SECONDS)
    bench.teller.cannot_prove_gone(run, why, bench.provider_now())
