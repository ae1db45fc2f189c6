"""A run as this machine knows it: what is said of its end."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from launcher.domain.run import RunState
from pod_image.contract.outcomes import EndReason
from tests.kit.clocks import NOW
from tests.kit.runs import run


@pytest.mark.parametrize(
    ("metered", "billed", "known"), [(None, None, None), (0.4, None, 0.4), (0.4, 0.0, 0.0)]
)
def test_a_bill_counts_before_what_the_run_metered(
    metered: float | None, billed: float | None, known: float | None
) -> None:
    assert run(cost_usd=metered, billed_usd=billed).known_cost_usd == known


def test_of_a_run_that_goes_on_no_end_is_said() -> None:
    assert run().end_sentence == ""


@pytest.mark.parametrize("reason", [EndReason.BOOT_FAILED, EndReason.ABORTED])
def test_a_run_that_never_had_a_pod_is_not_said_to_have_lost_one(reason: EndReason) -> None:
    never = run(state=RunState.ENDED, end_reason=reason, pod_id="")
    assert never.end_sentence == "The run ended before it had a GPU."
    assert "pod" in run(state=RunState.ENDED, end_reason=reason).end_sentence


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_of_a_run_with_a_pod_is_said_by_its_reason(reason: EndReason) -> None:
    assert run(state=RunState.ENDED, end_reason=reason).end_sentence == reason.sentence


@pytest.mark.parametrize(
    ("created", "ended", "now", "seconds"),
    [
        (0, 90, None, 90.0),
        (0, 90, 500, 90.0),
        (0, None, 60, 60.0),
        (0, None, None, None),
        (None, 90, 500, None),
        (10, 5, None, 0.0),
    ],
)
def test_a_run_lasts_from_its_pod_s_creation_to_its_end_or_to_now(
    created: int | None, ended: int | None, now: int | None, seconds: float | None
) -> None:
    def at(second: int | None) -> datetime | None:
        return None if second is None else NOW + timedelta(seconds=second)

    one = run(created_at=at(created), ended_at=at(ended))
    assert one.lasted_seconds(at(now)) == seconds
