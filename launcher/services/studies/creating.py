"""Making a study: what was typed is checked against the settings and one trial is planned before anything is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from launcher.domain.plan import Plan
from launcher.domain.studies.address import StudyAddress, checked_name
from launcher.domain.studies.objective import objective
from launcher.domain.studies.search_space import (
    Dimension,
    Range,
    Value,
    checked_choices,
    grid_points,
    is_range,
    read_range,
    typed_dimensions,
)
from launcher.domain.studies.study import (
    EVERY_STEPS,
    MOST_AT_A_TIME,
    MOST_BUDGET_USD,
    MOST_TRIALS,
    Asked,
    PrunerName,
    SamplerName,
    Study,
    run_id_of,
)
from launcher.errors import InvalidRequest
from launcher.forms.fields import Kind, form_field, plain
from launcher.forms.values import check_names, parse_assignment
from launcher.presets import Preset
from launcher.services.common.workbench import Workbench
from launcher.services.launching.unwatched import refuse_unwatched
from launcher.services.studies.keeping import begin_study, known_studies
from launcher.services.studies.sampling import next_trial
from launcher.services.studies.trial_plan import (
    boot_allowance_usd,
    composed_trial,
    planned_trial,
)
from launcher.stores.secrets import Keys
from pod_image.contract.figures import dollars
from pod_image.contract.knobs import Scope
from pod_image.contract.settings import SETTINGS


@dataclass(frozen=True)
class StudyWish:
    """A study as it was typed, beside the settings that its trials share."""

    name: str
    search: Sequence[str]
    objective: str
    budget_usd: float
    direction: str = ""
    sampler: SamplerName = SamplerName.TPE
    pruner: PrunerName = PrunerName.MEDIAN
    every_steps: int = EVERY_STEPS
    seed: int = 0
    at_most: int = 1
    most_trials: int | None = None
    patience: int | None = None
    forced: tuple[str, ...] = ()


@dataclass(frozen=True)
class CreatedStudy:
    """`plan` is that of its first trial, which was looked at and not launched."""

    address: StudyAddress
    study: Study
    plan: Plan
    worst_case_usd: float
    """What one such trial may cost, pods that never come up included."""
    grid_points: int | None = None


async def create_study(
    bench: Workbench,
    keys: Keys,
    preset: Preset | None,
    given: Mapping[str, Any],
    wish: StudyWish,
) -> CreatedStudy:
    """Check all of it, plan one trial, and keep the study where its results go. Nothing is rented.

    Raises InvalidRequest for what cannot be searched, a name that is taken, a budget that pays for no trial, or a study
    that nothing would end; and what planning a run raises.
    """
    asked = asked_for(preset, given, wish, bench)
    study = Study(asked)
    points = grid_points(asked.space) if asked.sampler is SamplerName.GRID else None
    plan = await planned_trial(bench, keys, asked, next_trial(study).params, "")
    refuse_unwatched(plan.settings)
    worst = plan.worst_case_usd + boot_allowance_usd(plan)
    if worst > asked.budget_usd:
        raise InvalidRequest(
            f"One trial may cost {dollars(worst)}, and the budget is {dollars(asked.budget_usd)}.",
            hint="Raise the budget, or lower the caps of a run: its hours or its cost.",
        )
    _refuse_without_end(asked, worst)
    address = StudyAddress(plan.settings.results, asked.name)
    await _refuse_runs_of_that_name(bench, address)
    await begin_study(bench, address, study)
    known_studies(bench).remember(address)
    return CreatedStudy(address, study, plan, worst, points)


def _refuse_without_end(asked: Asked, worst_usd: float) -> None:
    """On a machine that costs nothing no budget is ever used up."""
    bounds = asked.most_trials, asked.patience
    if worst_usd == 0 and bounds == (None, None) and asked.sampler is not SamplerName.GRID:
        raise InvalidRequest(
            "A run on this machine costs nothing, so the budget would never end the study.",
            hint="Set the number of trials, or end it after a number of trials without a better one.",
        )


async def _refuse_runs_of_that_name(bench: Workbench, address: StudyAddress) -> None:
    """A study whose folder was deleted leaves its runs behind, and theirs are the ids that this one would take."""
    first = run_id_of(address.name, 0, 1)
    if first in await bench.results(address.repo).run_ids():
        raise InvalidRequest(
            f"{address.repo} has runs of an earlier study {address.name}, such as {first}.",
            hint="Take another name.",
        )


def asked_for(
    preset: Preset | None, given: Mapping[str, Any], wish: StudyWish, bench: Workbench
) -> Asked:
    """What was typed as a study whose every corner composes. Raises InvalidRequest, MissingSetting."""
    name = checked_name(wish.name)
    space = read_space(wish.search)
    _refuse_given_twice(space, given)
    if not 0 < wish.budget_usd < MOST_BUDGET_USD:
        raise InvalidRequest("The budget is in dollars, for all trials together.")
    _check_counts(wish)
    asked = Asked(
        name=name,
        created_at=bench.clock.now(),
        preset=preset.name if preset else "",
        preset_values=_as_json(preset.values if preset else {}),
        given=_as_json(given),
        space=space,
        objective=objective(wish.objective, wish.direction),
        budget_usd=wish.budget_usd,
        sampler=wish.sampler,
        pruner=wish.pruner,
        every_steps=wish.every_steps,
        seed=wish.seed,
        at_most=wish.at_most,
        most_trials=wish.most_trials,
        patience=wish.patience,
        forced=wish.forced,
    )
    for corner in _corners(space):
        composed_trial(asked, corner, "")
    return asked


def _check_counts(wish: StudyWish) -> None:
    """Raises InvalidRequest; whoever types them may have other bounds of their own before."""
    for what, count, most in (
        ("Trials at a time", wish.at_most, MOST_AT_A_TIME),
        ("Trials", wish.most_trials, MOST_TRIALS),
        ("Trials without a better one", wish.patience, MOST_TRIALS),
        ("Steps between two comparisons", wish.every_steps, None),
    ):
        if count is not None and (count < 1 or (most is not None and count > most)):
            raise InvalidRequest(
                f"{what}: {count:,} is out of bounds.",
                hint=f"Take 1 to {most:,}." if most is not None else "Use 1 or more.",
            )


def read_space(texts: Sequence[str]) -> tuple[Dimension, ...]:
    """The settings to search, each with values it can have. Raises InvalidRequest."""
    typed = typed_dimensions(texts)
    if not typed:
        raise InvalidRequest(
            "A study needs settings to search.",
            hint="For example learning_rate=1e-5..1e-3:log,batch_size=16|32",
        )
    check_names(typed, "to search")
    return tuple(_dimension(name, text) for name, text in typed.items())


def read_params(study: Study, texts: Sequence[str]) -> dict[str, Value]:
    """Values of one trial as a person types them, all that the study searches. Raises InvalidRequest."""
    typed = typed_dimensions(texts)
    names = [each.name for each in study.asked.space]
    if sorted(typed) != sorted(names):
        raise InvalidRequest(
            f"A trial of {study.name} needs a value for each of {', '.join(names)}, and for nothing else.",
            hint=f"For example {','.join(f'{each.name}={_some_value(each)}' for each in study.asked.space)}",
        )
    params: dict[str, Value] = {}
    for dimension in study.asked.space:
        value = _value(dimension.name, typed[dimension.name])
        if not dimension.holds(value):
            raise InvalidRequest(
                f"{value} is outside of the range in which {study.name} searches {dimension.name}: {dimension.text}."
            )
        params[dimension.name] = value
    return params


def _some_value(dimension: Dimension) -> Value:
    return f"{dimension.low:g}" if isinstance(dimension, Range) else dimension.values[0]


def _dimension(name: str, text: str) -> Dimension:
    kind = form_field(SETTINGS[name]).kind
    is_of_one_run = (
        SETTINGS[name].knob.scope is Scope.RUN
    )  # where it reads and writes, not how it is done
    if is_of_one_run or kind is Kind.LIST:
        why = "is the same for all trials" if is_of_one_run else "takes a list"
        raise InvalidRequest(f"{name} cannot be searched: it {why}.")
    if not is_range(text) or kind not in (Kind.INTEGER, Kind.NUMBER):
        return checked_choices(name, [_value(name, each) for each in text.split("|")])
    return read_range(name, text, is_whole=kind is Kind.INTEGER)


def _value(name: str, text: str) -> Value:
    """As the setting has it; its limits are checked where settings are composed."""
    value = parse_assignment(f"{name}={text.strip()}")[1]
    if form_field(SETTINGS[name]).kind is Kind.NUMBER and isinstance(value, int):
        return float(value)
    if not isinstance(value, str | int | float):
        raise InvalidRequest(f"{text.strip()!r} is not a value that can be searched for {name}.")
    return value


def some_values(study: Study) -> dict[str, Value]:
    """Values with which the settings of its trials compose."""
    return {each.name: _ends(each)[0] for each in study.asked.space}


def _corners(space: Sequence[Dimension]) -> list[dict[str, Value]]:
    """Enough combinations that each end of a range, and each choice, is in one of them."""
    ends = {each.name: _ends(each) for each in space}
    first = {name: values[0] for name, values in ends.items()}
    return [{**first, name: value} for name, values in ends.items() for value in values]


def _ends(dimension: Dimension) -> list[Value]:
    if not isinstance(dimension, Range):
        return list(dimension.values)
    ends = [dimension.low, dimension.high]
    return [int(end) for end in ends] if dimension.is_whole else list(ends)


def _refuse_given_twice(space: Sequence[Dimension], given: Mapping[str, Any]) -> None:
    twice = [each.name for each in space if each.name in given]
    if twice:
        raise InvalidRequest(
            f"{', '.join(twice)} is both searched and given a fixed value.",
            hint="Leave out one of the two.",
        )
    if given.get("run_id"):
        raise InvalidRequest("The runs of a study are named after it.", hint="Remove the run ID.")


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in values.items()}
