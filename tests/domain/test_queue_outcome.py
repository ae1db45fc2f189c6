"""Whose fault it was that a queued run came to nothing, and what follows."""

from __future__ import annotations

from typing import Any

import pytest

from launcher import errors
from launcher.domain.queue_outcome import BACKOFF, Then, bounded, of_end, of_error
from launcher.errors import (
    ApiDrift,
    HubError,
    InsufficientBalance,
    Interrupted,
    InvalidRequest,
    LauncherError,
    MissingSetting,
    NoCapacity,
    NoRight,
    NotConfigured,
    NothingAvailable,
    OverLimit,
    ProviderUnavailable,
    RentUnclear,
    RunFailed,
)
from pod_image.contract.outcomes import EndReason
from tests.kit.queues import entry
from tests.kit.runs import ended_run

OF_THE_PLACE = {EndReason.BOOT_FAILED, EndReason.LOST}
PASSES = (
    NothingAvailable, NoCapacity, ProviderUnavailable, InsufficientBalance, OverLimit, NotConfigured,
    RentUnclear, HubError, NoRight, ApiDrift, Interrupted,
)  # fmt: skip


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_is_done_or_the_places_fault_or_the_runs_own(reason: EndReason) -> None:
    then = of_end(ended_run(end_reason=reason)).then
    if reason.is_success:
        assert then is Then.DONE
    else:
        assert then is (Then.TRY_AGAIN if reason in OF_THE_PLACE else Then.FAILED)


@pytest.mark.parametrize("reason", [EndReason.FAILED, EndReason.TRAINER_DIED])
def test_a_training_that_died_on_a_bad_machine_is_tried_on_another(reason: EndReason) -> None:
    assert of_end(ended_run(end_reason=reason), machine_works=False).then is Then.TRY_AGAIN


def test_a_cap_is_nobodys_fault_and_nothing_is_tried_again() -> None:
    for reason in (EndReason.TIME_CAP, EndReason.COST_CAP, EndReason.ABORTED):
        assert of_end(ended_run(end_reason=reason), machine_works=False).then is Then.FAILED


@pytest.mark.parametrize("kind", PASSES)
def test_what_passes_by_itself_is_waited_for_and_is_no_try(kind: type[LauncherError]) -> None:
    assert of_error(kind("No.")).then is Then.WAIT


def test_what_the_run_did_wrong_is_not_tried_again() -> None:
    missing = MissingSetting("No.", setting="results_repo")
    for error in (InvalidRequest("No."), missing, RunFailed("No image.", is_own=True)):
        assert of_error(error).then is Then.FAILED


def test_a_pod_that_never_came_up_is_tried_again() -> None:
    assert of_error(RunFailed("It got no machine.")).then is Then.TRY_AGAIN


def test_every_error_has_an_outcome() -> None:
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    kinds = [each for each in kinds if issubclass(each, LauncherError)]
    assert len(kinds) > 15
    special: dict[str, dict[str, Any]] = {
        "MissingSetting": {"setting": "x"},
        "PlanMoved": {"moves": ()},
    }
    for kind in kinds:
        assert of_error(kind("No.", **special.get(kind.__name__, {}))).why == "No."


def test_tries_are_bounded_and_wait_longer_each_time() -> None:
    fault = of_error(RunFailed("It got no machine."))
    waits = [bounded(fault, entry(tries=n, most_tries=5)).after for n in range(4)]
    assert waits == [*BACKOFF, BACKOFF[-1]]
    last = bounded(fault, entry(tries=4, most_tries=5))
    assert (last.then, last.why) == (Then.FAILED, "It got no machine. It was tried 5 times.")
    assert bounded(fault, entry(most_tries=1)).then is Then.FAILED
