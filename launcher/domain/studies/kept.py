"""A study as the two files that its results repo keeps: what was asked, and a line for each trial. Pure.

Whoever may write to the repo may have written them: they are read within bounds, and what is none is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from launcher.domain.run_address import is_run_id
from launcher.domain.studies.objective import MOST_POINTS, Direction, Objective
from launcher.domain.studies.search_space import from_json, to_json
from launcher.domain.studies.study import (
    MOST_BUDGET_USD,
    MOST_TRIALS,
    Asked,
    Claim,
    PrunerName,
    SamplerName,
    Study,
    Trial,
    TrialState,
    is_study_name,
)
from launcher.errors import InvalidRequest
from pod_image.contract.plain import plain_line

FORMAT = 1
STUDY_BYTES = 1 << 20
TRIALS_BYTES = 32 << 20
_LONGEST_TEXT = 500


def study_text(study: Study) -> str:
    asked = study.asked
    document = {
        "format": FORMAT,
        "name": asked.name,
        "created_at": asked.created_at.isoformat(),
        "preset": asked.preset,
        "preset_values": dict(asked.preset_values),
        "settings": dict(asked.given),
        "search": [to_json(each) for each in asked.space],
        "objective": asked.objective.name,
        "direction": asked.objective.direction.value,
        "sampler": asked.sampler.value,
        "pruner": asked.pruner.value,
        "every_steps": asked.every_steps,
        "seed": asked.seed,
        "budget_usd": asked.budget_usd,
        "at_most": asked.at_most,
        "most_trials": asked.most_trials,
        "patience": asked.patience,
        "forced": list(asked.forced),
        "stopped": study.stopped,
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def trials_text(study: Study) -> str:
    """One line for each trial, in their order."""
    return "".join(
        json.dumps(_trial_document(trial), ensure_ascii=False, allow_nan=False) + "\n"
        for trial in study.trials
    )


def read_study(study: bytes, trials: bytes) -> Study:
    """Raises InvalidRequest for what this release did not write."""
    try:
        document = json.loads(study)
        if document["format"] != FORMAT:
            raise InvalidRequest(
                "This study was written by another release of launcher.",
                hint="Use the release that wrote it, or a newer one.",
            )
        lines = [line for line in trials.split(b"\n") if line.strip()]
        if len(lines) > MOST_TRIALS:
            raise ValueError("too many trials")
        asked = _asked(document)
        found = tuple(_trial(number, json.loads(line)) for number, line in enumerate(lines))
        if not all(_is_of(asked, trial) for trial in found):
            raise ValueError("values that it does not search")
        return Study(asked, found, _text(document["stopped"]))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as exc:
        raise InvalidRequest(
            "The files of this study cannot be read.",
            hint="Look at its folder in the results repo; an earlier commit may hold them as they were.",
        ) from exc


def _is_of(asked: Asked, trial: Trial) -> bool:
    """Whether its values are such as the study searches: Optuna takes no others."""
    return len(trial.params) == len(asked.space) and all(
        each.name in trial.params and each.holds(trial.params[each.name]) for each in asked.space
    )


def _asked(kept: Mapping[str, Any]) -> Asked:
    name = kept["name"]
    if not is_study_name(name):
        raise ValueError("no name of a study")
    return Asked(
        name=name,
        created_at=_moment(kept["created_at"]),
        preset=_text(kept["preset"]),
        preset_values=dict(kept["preset_values"]),
        given=dict(kept["settings"]),
        space=tuple(from_json(each) for each in kept["search"]),
        objective=Objective(_text(kept["objective"]), Direction(kept["direction"])),
        budget_usd=_dollars(kept["budget_usd"]),
        sampler=SamplerName(kept["sampler"]),
        pruner=PrunerName(kept["pruner"]),
        every_steps=max(1, int(kept["every_steps"])),
        seed=int(kept["seed"]) % 2**31,
        at_most=max(1, int(kept["at_most"])),
        most_trials=None if kept["most_trials"] is None else int(kept["most_trials"]),
        patience=None if kept["patience"] is None else max(1, int(kept["patience"])),
        forced=tuple(_text(each) for each in kept["forced"]),
    )


def _trial_document(trial: Trial) -> dict[str, Any]:
    claim = trial.claim
    return {
        "number": trial.number,
        "state": trial.state.value,
        "params": dict(trial.params),
        "typed": trial.is_typed,
        "run_id": trial.run_id,
        "launches": trial.launches,
        "claim": None
        if claim is None
        else {
            "by": claim.by,
            "at": claim.at.isoformat(),
            "place": claim.place,
            "account_id": claim.account_id,
        },
        "reserved_usd": trial.reserved_usd,
        "boot_usd": trial.boot_usd,
        "spent_usd": trial.spent_usd,
        "value": trial.value,
        "points": [list(point) for point in trial.points],
        "step": trial.step,
        "sample": trial.sample,
        "reason": trial.reason,
        "ended_at": trial.ended_at.isoformat() if trial.ended_at else None,
        "told_instead": list(trial.told_instead),
        "optuna": dict(trial.kept_by_sampler),
    }


def _trial(number: int, kept: Mapping[str, Any]) -> Trial:
    if kept["number"] != number:
        raise ValueError("trials out of order")
    run_id = str(kept["run_id"])
    if run_id and not is_run_id(run_id):
        raise ValueError("no id of a run")
    claim = kept["claim"]
    return Trial(
        number=number,
        params={str(name): _value(value) for name, value in kept["params"].items()},
        state=TrialState(kept["state"]),
        is_typed=bool(kept["typed"]),
        run_id=run_id,
        launches=int(kept["launches"]),
        claim=None
        if claim is None
        else Claim(
            _text(claim["by"]),
            _moment(claim["at"]),
            _text(claim["place"]),
            _text(claim["account_id"]),
        ),
        reserved_usd=_dollars(kept["reserved_usd"]),
        boot_usd=_dollars(kept["boot_usd"]),
        spent_usd=_dollars(kept["spent_usd"]),
        value=None if kept["value"] is None else _number(kept["value"]),
        points=tuple((int(step), _number(value)) for step, value in kept["points"][:MOST_POINTS]),
        step=None if kept["step"] is None else int(kept["step"]),
        sample=_text(kept["sample"]),
        reason=_text(kept["reason"]),
        ended_at=None if kept["ended_at"] is None else _moment(kept["ended_at"]),
        told_instead=tuple(_text(each) for each in kept["told_instead"]),
        kept_by_sampler=dict(kept["optuna"]),
    )


def _value(value: object) -> str | int | float | bool:
    if isinstance(value, str | bool | int):
        return value
    return _number(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("no number")
    return float(value)


def _dollars(value: object) -> float:
    found = _number(value)
    if not 0 <= found < MOST_BUDGET_USD:
        raise ValueError("no sum of money")
    return found


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without its zone")
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return plain_line(value)[:_LONGEST_TEXT]
