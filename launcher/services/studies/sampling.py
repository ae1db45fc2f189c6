"""Optuna, asked what to try next, whom to stop early and which setting mattered. The study is built anew each time from
what the results repo keeps, in memory: nothing of Optuna's outlives a call but what a trial's line says.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from launcher.domain.studies.objective import Point
from launcher.domain.studies.search_space import Choices, Dimension
from launcher.domain.studies.study import PrunerName, SamplerName, Study, Trial, TrialState
from launcher.errors import InvalidRequest, NotConfigured

if TYPE_CHECKING:
    import optuna

ENOUGH_TRIALS = 8
"""Complete ones, below which nothing is said of which setting mattered."""
_TYPED = "fixed_params"
"""Under this name Optuna keeps values that a person gave."""
_WRITTEN = "pod-launcher"
"""So a study is marked that was written into a storage of Optuna's."""


@dataclass(frozen=True)
class Judgement:
    """Of the pruner, with what Optuna notes of the trial for those after it."""

    is_pruned: bool
    kept_by_sampler: Mapping[str, Any]


def write_into(study: Study, address: str, name: str) -> None:
    """All of it under this name in a storage of Optuna's, such as `sqlite:///calm.db`, for its dashboard and for a
    person's own programs. What an earlier call wrote there is replaced. Raises InvalidRequest where it cannot be.
    """
    optuna = _loaded()
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with _calm():
            storage = optuna.storages.get_storage(address)
            for each in optuna.get_all_study_summaries(storage):
                if each.study_name == name:
                    if _WRITTEN not in each.user_attrs:
                        raise InvalidRequest(
                            f"That storage already has a study {name}, which this program did not write.",
                            hint="Use another storage.",
                        )
                    optuna.delete_study(study_name=name, storage=storage)
            made = _optuna_study(optuna, study, storage=storage, name=name)
            made.set_user_attr(_WRITTEN, True)
            made.set_metric_names([study.objective.name])
    except (
        ImportError,
        OSError,
        ValueError,
        SQLAlchemyError,
        optuna.exceptions.OptunaError,
    ) as exc:
        raise InvalidRequest(
            f"Optuna cannot write into that storage: {type(exc).__name__}.",
            hint="A file will do: sqlite:///study.db.",
        ) from exc


def need_optuna() -> None:
    """Raises NotConfigured without the extra `study`."""
    _loaded()


def next_trial(study: Study) -> Trial:
    """What to try next: a trial that waits, else a new one of the sampler's. The same study gives the same answer."""
    optuna = _loaded()
    with _calm():
        asked = _optuna_study(optuna, study)
        trial = asked.ask(fixed_distributions=_distributions(optuna, study.asked.space))
        kept = asked.trials[trial.number].system_attrs
        params = dict(trial.params)
    if trial.number < len(study.trials):
        return study.trials[trial.number]
    return Trial(trial.number, params, kept_by_sampler=json.loads(json.dumps(kept)))


def judged(study: Study, number: int, points: Sequence[Point], judged_before: int = 0) -> Judgement:
    """What the pruner says of a trial with these points, told one by one as they came.

    Its word on the first `judged_before` was heard already: they are told again, and not judged anew.
    """
    trial = study.trials[number]
    # A second program that follows the run may have written down its end before its events were read here.
    if study.asked.pruner is PrunerName.NONE or not points or trial.state.is_over:
        return Judgement(False, trial.kept_by_sampler)
    optuna = _loaded()
    is_pruned = False
    with _calm():
        made = _optuna_study(optuna, study, without=number)
        pruner = _pruner(optuna, study.asked.pruner)
        trial_id = made.trials[number]._trial_id
        for count, (step, value) in enumerate(points, 1):
            made._storage.set_trial_intermediate_value(trial_id, step, value)
            says_stop = pruner.prune(made, made.trials[number])
            if says_stop and count > judged_before:
                is_pruned = True
                break
        kept = json.loads(json.dumps(made.trials[number].system_attrs))
    return Judgement(is_pruned, kept)


def importances(study: Study) -> dict[str, float]:
    """How much of the difference between trials each setting explains, the most first; empty of too few trials."""
    measured = [trial for trial in study.trials if trial.is_measured]
    if len(measured) < ENOUGH_TRIALS or len({trial.value for trial in measured}) < 2:
        return {}
    optuna = _loaded()
    with _calm():
        found = optuna.importance.get_param_importances(
            _optuna_study(optuna, study),
            evaluator=optuna.importance.PedAnovaImportanceEvaluator(),
        )
    return {name: float(value) for name, value in found.items()}


def importances_if_any(study: Study) -> dict[str, float]:
    """The same; none where Optuna is not installed: a study can be looked at without it."""
    try:
        return importances(study)
    except NotConfigured:
        return {}


def _loaded() -> Any:
    try:
        import optuna
    except ImportError as exc:
        raise NotConfigured(
            "A study needs Optuna, which is not installed.",
            hint='Install it: pip install "pod-launcher[study]"',
        ) from exc
    optuna.logging.set_verbosity(logging.ERROR)
    return optuna


def _calm() -> warnings.catch_warnings[None]:
    """Without Optuna's notes that a part of it is new."""
    return warnings.catch_warnings(action="ignore")


def _optuna_study(
    optuna: Any, study: Study, without: int | None = None, storage: Any = None, name: str = ""
) -> optuna.Study:
    """With all trials under their numbers, in memory unless a storage is given. Of `without` no point is told yet."""
    made = optuna.create_study(
        study_name=name or study.name,
        storage=storage,
        sampler=_sampler(optuna, study),
        pruner=_pruner(optuna, study.asked.pruner),
        direction=study.objective.direction.value,
    )
    distributions = _distributions(optuna, study.asked.space)
    for trial in study.trials:
        points = () if trial.number == without else trial.points
        made.add_trial(_frozen(optuna, study, trial, points, distributions))
    return made  # type: ignore[no-any-return]


def _frozen(
    optuna: Any,
    study: Study,
    trial: Trial,
    points: Sequence[Point],
    distributions: Mapping[str, Any],
) -> Any:
    states = optuna.trial.TrialState
    state = {
        TrialState.WAITING: states.WAITING,
        TrialState.LIVE: states.RUNNING,
        TrialState.COMPLETE: states.COMPLETE,
        TrialState.PRUNED: states.PRUNED,
        TrialState.FAILED: states.FAIL,
    }[trial.state]
    kept = dict(trial.kept_by_sampler)
    if trial.state is TrialState.WAITING:
        kept[_TYPED] = dict(trial.params)  # so that it is asked with these very values
    is_waiting = trial.state is TrialState.WAITING
    value = trial.value if trial.state in (TrialState.COMPLETE, TrialState.PRUNED) else None
    if trial.state is TrialState.COMPLETE and value is None:
        state = states.FAIL
    made = optuna.trial.create_trial(
        state=state,
        value=value,
        params={} if is_waiting else dict(trial.params),
        distributions={} if is_waiting else dict(distributions),
        intermediate_values=dict(points),
        system_attrs=kept,
        user_attrs={"run": trial.run_id, "cost_usd": trial.committed_usd},
    )
    if trial.ended_at is not None and state.is_finished():
        made.datetime_complete = trial.ended_at.astimezone(UTC).replace(tzinfo=None)
        made.datetime_start = made.datetime_complete  # not known; now would be after its end
    return made


def _distributions(optuna: Any, space: Sequence[Dimension]) -> dict[str, Any]:
    return {each.name: _distribution(optuna.distributions, each) for each in space}


def _distribution(known: Any, dimension: Dimension) -> Any:
    if isinstance(dimension, Choices):
        return known.CategoricalDistribution(dimension.values)
    low, high, step = dimension.low, dimension.high, dimension.step
    if dimension.is_whole:
        return known.IntDistribution(int(low), int(high), log=dimension.is_log, step=int(step) or 1)
    return known.FloatDistribution(low, high, log=dimension.is_log, step=step or None)


def _sampler(optuna: Any, study: Study) -> Any:
    """Started anew for each trial, so its seed goes with the trial's number; a grid keeps one order for all."""
    seed = (study.asked.seed + len(study.trials)) % 2**31
    match study.asked.sampler:
        case SamplerName.GRID:
            space = {each.name: each.grid() for each in study.asked.space}
            return optuna.samplers.GridSampler(space, seed=study.asked.seed)
        case SamplerName.RANDOM:
            return optuna.samplers.RandomSampler(seed=seed)
        case SamplerName.TPE:
            return optuna.samplers.TPESampler(seed=seed, constant_liar=True)


def _pruner(optuna: Any, name: PrunerName) -> Any:
    known = optuna.pruners
    match name:
        case PrunerName.MEDIAN:
            return known.MedianPruner()
        case PrunerName.HALVING:
            return known.SuccessiveHalvingPruner()
        case PrunerName.HYPERBAND:
            return known.HyperbandPruner()
        case PrunerName.NONE:
            return known.NopPruner()
