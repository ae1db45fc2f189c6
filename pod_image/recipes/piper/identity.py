"""From a run's settings to the words of this recipe: who the voice is, and how it is trained. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pod_image.contract.recipes.piper import PiperSettings
from pod_image.dataset.languages import espeak_voice_of
from pod_image.recipes.piper.preparation import Preparation
from pod_image.recipes.piper.quality import SAMPLE_RATE_HZ, Quality
from pod_image.recipes.piper.voice import VoiceIdentity


def quality_of(settings: PiperSettings) -> Quality:
    """The contract spells `x-low`, file names of voices `x_low`."""
    return Quality.parse(settings.quality.value)


def espeak_voice(settings: PiperSettings) -> str:
    """The one asked for, else the language's."""
    return settings.espeak_voice or espeak_voice_of(settings.language)


def preparation_of(
    settings: PiperSettings,
    symbols: Mapping[str, int] | None = None,
    model_beside: Path | None = None,
) -> Preparation:
    """How the clips are prepared for these settings; `symbols` of the base voice, where it has own ones."""
    return Preparation(
        SAMPLE_RATE_HZ[quality_of(settings)],
        espeak_voice(settings),
        settings.speakers,
        phoneme_type=settings.phoneme_type,
        symbols=symbols,
        model_beside=model_beside,
    )


def voice_of(
    settings: PiperSettings, speakers: Sequence[str], symbols: Mapping[str, int] | None = None
) -> VoiceIdentity:
    """The voice that these settings name. `speakers` and `symbols` are the prepared set's."""
    quality = quality_of(settings)
    names = [*speakers, *(f"spare-{i}" for i in range(len(speakers), settings.speakers))]
    return VoiceIdentity(
        settings.voice_name,
        settings.language,
        quality,
        SAMPLE_RATE_HZ[quality],
        espeak_voice(settings),
        tuple(names) if settings.speakers > 1 else (),
        settings.phoneme_type,
        symbols,
    )
