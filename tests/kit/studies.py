"""Studies without a repo: what was asked, and trials as they ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from launcher.domain.studies.objective import objective
from launcher.domain.studies.search_space import Choices, Range
from launcher.domain.studies.study import Asked, Claim, Study, Trial, TrialState
from tests.kit.clocks import NOW

SPACE = (Range("learning_rate", 1e-5, 1e-3, is_log=True), Choices("batch_size", (16, 32)))


def study_of(*trials: Trial, stopped: str = "", **asked: Any) -> Study:
    """Two settings are searched for a low loss, for ten dollars."""
    values: dict[str, Any] = {
        "name": "tune",
        "created_at": NOW,
        "preset": "",
        "preset_values": {},
        "given": {"results_repo": "me/voice"},
        "space": SPACE,
        "objective": objective("loss"),
        "budget_usd": 10.0,
        **asked,
    }
    return Study(Asked(**values), trials, stopped)


def ended_trial(number: int, value: float | None, **changes: Any) -> Trial:
    """A complete one, a minute after the one before it."""
    values: dict[str, Any] = {
        "params": {"learning_rate": 1e-4 * (1 + number % 5), "batch_size": (16, 32)[number % 2]},
        "state": TrialState.COMPLETE,
        "run_id": f"tune-{number + 1:03}",
        "launches": 1,
        "spent_usd": 0.5,
        "value": value,
        "points": () if value is None else ((100, value + 1.0), (200, value)),
        "step": 200,
        "ended_at": NOW + timedelta(minutes=number),
        **changes,
    }
    return Trial(number, **values)


def well_under_way(now: datetime) -> Study:
    """Of a voice, for a low distance from the recordings: twelve trials, of which two live and one failed."""
    name = "mel_cepstral_distance_db"
    rates = (1e-4, 4e-5, 7e-4, 2.2e-4, 1.5e-5, 9e-4, 1.6e-4, 2.9e-4, 6e-5, 3.3e-4, 2.1e-4, 2.6e-4)
    reached = (7.9, 8.3, 9.4, 6.9, 9.9, None, 7.1, 6.71, 8.0, 6.8, None, None)
    trials = [
        ended_trial(
            number,
            value,
            params={"learning_rate": rates[number], "batch_size": (16, 32)[number % 3 == 0]},
            spent_usd=0.41 + 0.03 * (number % 4),
            step=2_000,
            ended_at=now - timedelta(hours=12 - number),
        )
        for number, value in enumerate(reached)
    ]
    trials[5] = replace(
        trials[5], state=TrialState.FAILED, reason="Training made no progress for too long."
    )
    trials[2] = replace(trials[2], state=TrialState.PRUNED, spent_usd=0.12)
    for number in (10, 11):
        claim = Claim("a-computer", now, "runpod", "")
        trials[number] = replace(
            trials[number],
            state=TrialState.LIVE,
            claim=claim,
            spent_usd=0.0,
            reserved_usd=1.2,
            points=(),
            step=None,
            ended_at=None,
        )
    given = {"results_repo": "demo/voice"}
    return study_of(*trials, objective=objective(name), at_most=2, given=given)
