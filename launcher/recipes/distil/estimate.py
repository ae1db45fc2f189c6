"""How long a voice from another voice takes: clips are spoken and heard, then Piper's own training. Pure."""

from __future__ import annotations

from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary, Estimate
from launcher.recipes.base import around_words
from launcher.recipes.distil.sentences import clips_planned
from launcher.recipes.piper.speed import run_hours, workload
from pod_image.contract.figures import counted, duration
from pod_image.contract.recipes.distil import DistilSettings
from pod_image.contract.recipes.piper import PiperSettings, WhisperModel

SECONDS_A_CLIP = 2.3
"""Of speech, as a Piper voice says our English sentences: 100 of them took 233 s."""
SPEAKING_SECONDS = 0.4
"""A Piper voice, for a clip, on two cores: 100 clips took 40 s."""
COMMAND_SPEAKS_SECONDS = 3.0
"""Nobody knows; so long as a clip lasts is what quick cloning models need on a card."""
HEARING_SECONDS = {
    WhisperModel.OFF: 0.1,
    WhisperModel.TINY: 0.4,
    WhisperModel.BASE: 0.8,
    WhisperModel.SMALL: 2.5,
    WhisperModel.MEDIUM: 7.0,
    WhisperModel.LARGE_V3: 14.0,
    WhisperModel.TURBO: 10.0,
}
"""Of one core for a clip. Base was measured here; the others are arithmetic from their sizes."""
CORES = 4
"""A pod has more; each hears a clip of its own."""


def making_seconds(settings: DistilSettings) -> float:
    """Speaking and hearing, one beside the other: the slower of the two counts."""
    clips = clips_planned(settings)
    if settings.kept_minutes:
        clips = min(clips, round(settings.kept_minutes * 60 / SECONDS_A_CLIP))
    speaking = COMMAND_SPEAKS_SECONDS if settings.teacher_command else SPEAKING_SECONDS
    return clips * max(speaking, HEARING_SECONDS[settings.heard_by] / CORES)


def made_dataset(settings: DistilSettings) -> DatasetSummary:
    """The clips as a plan knows a dataset, if all of them are kept."""
    clips = clips_planned(settings)
    minutes = clips * SECONDS_A_CLIP / 60
    if settings.kept_minutes and settings.kept_minutes < minutes:
        minutes, clips = settings.kept_minutes, round(settings.kept_minutes * 60 / SECONDS_A_CLIP)
    rate_bytes = settings.quality.sample_rate_hz * 2
    return DatasetSummary("", "", clips, minutes, size_bytes=round(minutes * 60 * rate_bytes))


def estimate(settings: DistilSettings, offer: Offer, start_seconds: float) -> Estimate:
    """At the most: every clip is taken as kept."""
    clips, making = made_dataset(settings).clips, making_seconds(settings)
    load = workload(PiperSettings.of(settings), clips, offer.gpu_name)
    hours = run_hours(load.seconds, clips, start_seconds) + making / 3600
    who = "a command of unknown speed" if settings.teacher_command else "a Piper voice"
    return Estimate(
        hours=hours,
        cost_usd=hours * offer.price_per_hour_usd,
        basis=(
            f"{counted(clips, 'clip')} spoken by {who} and heard in about {duration(making)}, all of them kept; then a "
            f"table of GPU speeds, {load.source}; {counted(load.steps, 'step')} of {counted(load.batch, 'clip')}, and "
            f"{around_words(start_seconds)}"
        ),
    )
