"""What a person's own finished runs tell of the next one's time, whatever their recipe. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from launcher.domain.gpu_speed import card_speed
from launcher.domain.offer import Offer
from launcher.domain.plan import Estimate
from launcher.domain.run import Run
from pod_image.contract.common_settings import CommonSettings
from pod_image.contract.figures import duration
from pod_image.contract.older_settings import known_settings
from pod_image.contract.outcomes import EndReason
from pod_image.contract.settings import RunSettings

_ALSO_THE_SAME = ("dataset_repo", "more_datasets", "gpu_count", "nodes")
"""Of the settings of every run: the rest says where it runs and when it ends."""


def by_own_run(
    settings: RunSettings, offer: Offer, history: Sequence[Run], start_seconds: float
) -> Estimate | None:
    """By the newest finished run that did the same on the same GPU; else by one on another GPU of the table of speeds,
    scaled by it. `history` begins with the newest.
    """
    wanted = _what_it_does(settings)
    same = [
        run
        for run in history
        if run.end_reason is EndReason.FINISHED
        and run.lasted_seconds() is not None
        and _done_by(run.settings_json) == wanted
    ]
    for run in same:
        if run.gpu_name == offer.gpu_name:
            return _estimate(run, offer, 1.0, start_seconds)
    here = card_speed(offer.gpu_name)
    for run in same:
        there = card_speed(run.gpu_name)
        if here.card and there.card:
            return _estimate(run, offer, there.relative / here.relative, start_seconds)
    return None


def _estimate(run: Run, offer: Offer, factor: float, start_seconds: float) -> Estimate:
    """Getting a machine ready takes as long on a quick GPU as on a slow one."""
    lasted = run.lasted_seconds() or 0.0
    start = min(start_seconds, lasted)
    seconds = lasted if run.gpu_name == offer.gpu_name else (lasted - start) * factor + start
    basis = f"your run {run.run_id} with the same settings took {duration(lasted)}"
    if run.gpu_name == offer.gpu_name:
        basis += " on the same GPU"
    else:
        basis += f" on {run.gpu_name}, scaled by the table of GPU speeds"
    hours = seconds / 3600.0
    return Estimate(hours, hours * offer.price_per_hour_usd, basis)


def _what_it_does(settings: RunSettings) -> Mapping[str, Any]:
    common = CommonSettings.model_fields
    return {
        name: value
        for name, value in settings.applicable().items()
        if name not in common or name in _ALSO_THE_SAME
    }


@lru_cache(maxsize=1_000)
def _done_by(settings_json: str) -> Mapping[str, Any] | None:
    """None where another release's values are none of this one's."""
    try:
        return _what_it_does(known_settings(settings_json))
    except ValueError:
        return None
