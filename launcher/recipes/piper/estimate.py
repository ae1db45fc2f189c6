"""Expected hours and cost of a run: by own finished runs where they compare, else by the table. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary, Estimate
from launcher.domain.run import Run
from launcher.recipes.base import around_words
from launcher.recipes.piper.speed import batch_of, run_hours, total_steps, workload
from pod_image.contract.figures import counted, with_unit
from pod_image.contract.older_settings import known_settings
from pod_image.contract.outcomes import EndReason
from pod_image.contract.own_machine import PROCESSOR
from pod_image.contract.recipes.piper import PiperSettings


def estimate(
    settings: PiperSettings,
    dataset: DatasetSummary | None,
    offer: Offer,
    history: Sequence[Run],
    start_seconds: float,
) -> Estimate | None:
    """None for a dataset that could not be read, and on a processor, which no table has, before an own run on it."""
    if dataset is None or dataset.clips == 0:
        return None
    own = _by_own_run(settings, dataset, offer, history, start_seconds)
    if own is not None or offer.gpu_type == PROCESSOR:
        return own
    load = workload(settings, dataset.clips, offer.gpu_name)
    hours = run_hours(load.seconds, dataset.clips, start_seconds)
    until = (
        f"at most {with_unit(settings.train_minutes, 'minutes')}"
        if settings.train_minutes
        else "to the end"
    )
    return Estimate(
        hours=hours,
        cost_usd=hours * offer.price_per_hour_usd,
        basis=(
            f"table of GPU speeds, {load.source}; {counted(load.steps, 'step')} of {counted(load.batch, 'clip')} "
            f"{until}, and {around_words(start_seconds)}"
        ),
    )


def _by_own_run(
    settings: PiperSettings,
    dataset: DatasetSummary,
    offer: Offer,
    history: Sequence[Run],
    start_seconds: float,
) -> Estimate | None:
    """The newest finished run of the same dataset, size, batch and GPU, scaled by its steps."""
    for run in history:
        earlier = _comparable(run, settings, dataset.clips, offer)
        lasted = run.lasted_seconds()
        if earlier is None or lasted is None:
            continue
        hours_then = lasted / 3600.0
        steps = total_steps(settings, dataset.clips)
        steps_then = total_steps(earlier, dataset.clips)
        around = run_hours(0.0, dataset.clips, start_seconds)
        hours = max(hours_then - around, 0.0) * steps / max(1, steps_then) + around
        return Estimate(
            hours=hours,
            cost_usd=hours * offer.price_per_hour_usd,
            basis=f"your run {run.run_id} on the same GPU took {hours_then:.2f} hours for "
            f"{counted(steps_then, 'step')}",
        )
    return None


def _comparable(
    run: Run, settings: PiperSettings, clips: int, offer: Offer
) -> PiperSettings | None:
    if run.end_reason is not EndReason.FINISHED or run.gpu_name != offer.gpu_name:
        return None
    try:
        earlier = PiperSettings.of(known_settings(run.settings_json))
    except ValueError:
        return None  # written by a release whose values this one does not take
    same = ("recipe", "dataset_repo", "more_datasets", "quality", "gpu_count", "train_minutes")
    is_same = all(getattr(earlier, name) == getattr(settings, name) for name in same)
    is_same = is_same and batch_of(earlier, clips) == batch_of(settings, clips)
    return earlier if is_same and not settings.train_minutes else None
