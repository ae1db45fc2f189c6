"""Documents of `launcher study`; loads neither Optuna nor HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypedDict

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.objective import Direction
from launcher.domain.studies.search_space import Value
from launcher.domain.studies.study import PrunerName, SamplerName, Study, Trial, TrialState


class TrialFacts(TypedDict):
    """A trial of a study: one training with its own settings."""

    number: int
    """Number of the trial, from 1."""
    run_id: str
    """Run ID of its newest run; empty until one is launched."""
    state: TrialState
    params: dict[str, Value]
    """The searched settings and their values in this trial."""
    value: float | None
    """The objective that its run reached; null while it runs, or if it reported none."""
    step: int | None
    sample: str
    """Path of its newest sample in the results repo; empty if there is none."""
    spent_usd: float
    """Spent by its runs that have ended."""
    reserved_usd: float
    """The most that it can cost; 0 unless it is live."""
    launches: int
    reason: str
    """Why it ended this way, or why it waits, as a sentence."""
    ended_at: datetime | None


class StudyFacts(TypedDict):
    """A study, the same from every command."""

    study: str
    """OWNER/NAME of its results repo, and its own name: its address on every computer."""
    objective: str
    direction: Direction
    sampler: SamplerName
    pruner: PrunerName
    search: dict[str, str]
    """Each searched setting with its values, as they were given."""
    budget_usd: float
    spent_usd: float
    reserved_usd: float
    """The most that live trials can cost. Spent and reserved together never exceed the budget."""
    left_usd: float
    at_most: int
    most_trials: int | None
    stopped: str
    """Why no further trial starts, if a person stopped the study; otherwise empty."""
    best: str | None
    """Run ID of the best complete trial."""
    trials: list[TrialFacts]


class StudyCreate(StudyFacts):
    """A study that was made; nothing was rented."""

    schema: Literal["study.create"]
    version: Literal[1]
    worst_case_usd: float
    """What one trial may cost at most."""
    grid_points: int | None
    """Number of combinations in its grid; null for another sampler."""


class StudyAdd(StudyFacts):
    """The study, and what was added to it."""

    schema: Literal["study.add"]
    version: Literal[1]


class StudyShow(StudyFacts):
    """What a study has found so far."""

    schema: Literal["study.show"]
    version: Literal[1]
    importances: dict[str, float]
    """How much of the difference between trials each setting explains, by Optuna; empty with too few trials."""


class StudyNews(TypedDict):
    """Something that happened while a study ran."""

    schema: Literal["study.news"]
    version: Literal[1]
    text: str
    trial: TrialFacts | None
    spent_usd: float
    reserved_usd: float


class StudyRun(StudyFacts):
    """The study, when no trial is live and no further one starts."""

    schema: Literal["study.run"]
    version: Literal[1]
    why: str
    """Why it has ended, as a sentence."""
    importances: dict[str, float]


class ToldTrial(TypedDict):
    run_id: str
    trouble: str
    """Why it could not be told to stop; empty if it was."""


class StudyStop(StudyFacts):
    """The study after it was stopped, and the runs that were live then."""

    schema: Literal["study.stop"]
    version: Literal[1]
    told: list[ToldTrial]


class StudyList(TypedDict):
    """Studies that were made or run on this computer, the latest used first."""

    schema: Literal["study.list"]
    version: Literal[1]
    studies: list[str]


def study_facts(address: StudyAddress, study: Study) -> StudyFacts:
    asked, best = study.asked, study.best
    return {
        "study": str(address),
        "objective": asked.objective.name,
        "direction": asked.objective.direction,
        "sampler": asked.sampler,
        "pruner": asked.pruner,
        "search": {each.name: each.text for each in asked.space},
        "budget_usd": asked.budget_usd,
        "spent_usd": study.spent_usd,
        "reserved_usd": study.reserved_usd,
        "left_usd": study.left_usd,
        "at_most": asked.at_most,
        "most_trials": asked.most_trials,
        "stopped": study.stopped,
        "best": best.run_id if best is not None else None,
        "trials": [trial_facts(trial) for trial in study.trials],
    }


def trial_facts(trial: Trial) -> TrialFacts:
    return {
        "number": trial.number + 1,
        "run_id": trial.run_id,
        "state": trial.state,
        "params": dict(trial.params),
        "value": trial.value,
        "step": trial.step,
        "sample": trial.sample,
        "spent_usd": trial.spent_usd,
        "reserved_usd": trial.reserved_usd,
        "launches": trial.launches,
        "reason": trial.reason,
        "ended_at": trial.ended_at,
    }


def news_document(text: str, study: Study, trial: Trial | None) -> StudyNews:
    return {
        "schema": "study.news",
        "version": 1,
        "text": text,
        "trial": trial_facts(trial) if trial is not None else None,
        "spent_usd": study.spent_usd,
        "reserved_usd": study.reserved_usd,
    }


def show_document(
    address: StudyAddress, study: Study, importances: Mapping[str, float]
) -> StudyShow:
    return {
        "schema": "study.show",
        "version": 1,
        **study_facts(address, study),
        "importances": dict(importances),
    }


def run_document(
    address: StudyAddress, study: Study, why: str, importances: Mapping[str, float]
) -> StudyRun:
    return {
        "schema": "study.run",
        "version": 1,
        **study_facts(address, study),
        "why": why,
        "importances": dict(importances),
    }
