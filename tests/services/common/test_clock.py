"""The clock of this computer that nobody sets."""

from __future__ import annotations

import time

import pytest

from launcher.clock import SystemClock


def test_its_seconds_continue_while_the_computer_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asleep, Linux lets its monotonic clock stand still, and the one since its start go on."""
    shown = {time.CLOCK_MONOTONIC: 100.0, time.CLOCK_BOOTTIME: 100.0}
    monkeypatch.setattr(time, "clock_gettime", shown.__getitem__)
    monkeypatch.setattr(time, "monotonic", lambda: shown[time.CLOCK_MONOTONIC])
    before = SystemClock().seconds()
    shown[time.CLOCK_BOOTTIME] += 8 * 3600
    assert SystemClock().seconds() - before == 8 * 3600
