"""Studies without a repo: what was asked, and trials as they ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from launcher.domain.studies.objective import objective
from launcher.domain.studies.search_space import Choices, Range
from launcher.domain.studies.study import Asked, Study, Trial, TrialState
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
