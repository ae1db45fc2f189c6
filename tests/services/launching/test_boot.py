"""Waiting for a pod that boots: how long, and for what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from launcher.domain.pod import PodStatus
from launcher.errors import RunFailed
from launcher.services.common.observations import Gone, Tick
from launcher.services.launching.boot import (
    NeverCameUp,
    check_boot,
    judge_boot_checks,
)
from pod_image.contract.bodies import ArmedReport, BootCheck

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TICK = Tick(NOON)


@pytest.mark.parametrize(
    ("status", "minutes"),
    [
        (PodStatus.PROVISIONING, 5),
        (PodStatus.STARTING, 10),
        (PodStatus.RUNNING, 10),
        (PodStatus.UNKNOWN, 10),
    ],
)
def test_within_its_budget_a_pod_is_waited_for(status: PodStatus, minutes: float) -> None:
    check_boot(10, status, timedelta(minutes=minutes), TICK)
    late = timedelta(minutes=minutes, seconds=1)
    with pytest.raises(RunFailed if status is PodStatus.RUNNING else NeverCameUp):
        check_boot(10, status, late, TICK)


@pytest.mark.parametrize("status", [PodStatus.ERROR, PodStatus.EXITED])
def test_a_pod_that_stopped_is_not_waited_for(status: PodStatus) -> None:
    with pytest.raises(NeverCameUp, match=f"went to {status}"):
        check_boot(10, status, timedelta(0), TICK)


def test_a_pod_that_is_gone_is_not_waited_for() -> None:
    with pytest.raises(NeverCameUp, match="disappeared"):
        check_boot(10, PodStatus.RUNNING, timedelta(0), Gone())


def test_only_boot_checks_that_work_count() -> None:
    checks = (BootCheck(name="delete", works=True), BootCheck(name="clock", works=False))
    judge_boot_checks(ArmedReport(works=True, arms=checks))
    with pytest.raises(RunFailed, match="cannot end itself: clock"):
        judge_boot_checks(ArmedReport(works=False, arms=checks))
    with pytest.raises(RunFailed, match="gave no reason"):
        judge_boot_checks(ArmedReport(works=False))


def test_spans_are_said_in_minutes_and_seconds() -> None:
    late = timedelta(hours=1)
    with pytest.raises(NeverCameUp, match=r"within 1 min 29 s\."):
        check_boot(89 / 60, PodStatus.STARTING, late, TICK)
    with pytest.raises(NeverCameUp, match=r"within 10 min\."):
        check_boot(10, PodStatus.STARTING, late, TICK)
