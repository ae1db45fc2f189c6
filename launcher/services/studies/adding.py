"""More for a study: a trial with values of one's own, more money, more trials. Lifts what had stopped it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.study import MOST_BUDGET_USD, MOST_TRIALS, Study, Trial
from launcher.errors import InvalidRequest
from launcher.services.common.workbench import Workbench
from launcher.services.studies.creating import read_params
from launcher.services.studies.keeping import change_study, known_studies
from launcher.services.studies.trial_plan import composed_trial
from pod_image.contract.figures import dollars


async def add_to_study(
    bench: Workbench,
    address: StudyAddress,
    *,
    values: Sequence[str] = (),
    more_usd: float = 0.0,
    more_trials: int = 0,
) -> Study:
    """Every text of `values` is a trial with all its values. Nothing is launched before the study runs.

    Raises InvalidRequest for values that the study does not search or a run cannot have.
    """
    if not values and not more_usd and not more_trials:
        raise InvalidRequest(
            "There is nothing to add.",
            hint="Add values for a trial, more dollars, or more trials.",
        )
    if not 0 <= more_usd < MOST_BUDGET_USD or more_trials < 0:
        raise InvalidRequest(
            "You can only add to a study, not take away from it.",
            hint="Give a number of dollars, such as 5.",
        )

    def added(now: Study) -> Study:
        budget_usd = now.asked.budget_usd + more_usd
        if budget_usd >= MOST_BUDGET_USD:
            raise InvalidRequest(f"A study cannot have a budget of {dollars(budget_usd)}.")
        most_trials = _more(now.asked.most_trials, more_trials)
        if most_trials is not None and most_trials > MOST_TRIALS:
            raise InvalidRequest(f"A study has {MOST_TRIALS:,} trials at most.")
        asked = replace(now.asked, budget_usd=budget_usd, most_trials=most_trials)
        study = replace(now, asked=asked, stopped="")
        for text in values:
            params = read_params(now, [text])
            composed_trial(asked, params, "")
            if len(study.trials) >= MOST_TRIALS:
                raise InvalidRequest(f"A study has {MOST_TRIALS:,} trials at most.")
            study = study.with_trial(Trial(len(study.trials), params, is_typed=True))
        return study

    study = await change_study(bench, address, added, f"Study {address.name}: more to do")
    known_studies(bench).remember(address)
    return study


def _more(most: int | None, more: int) -> int | None:
    return None if most is None else most + more
