"""A Piper voice: what its training needs, how long it takes, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from launcher.domain.advice import FROM_SCRATCH_MINUTES, LEAST_MINUTES
from launcher.domain.needs import DiskRoom, GpuMemory, SpeechWanted
from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary, Estimate
from launcher.domain.run import Run
from launcher.recipes.base import (
    USUAL_START_SECONDS,
    Learnt,
    PhaseWords,
    Plain,
    Recipe,
    Result,
    Shown,
    SmallerTry,
    Start,
)
from launcher.recipes.piper.base_voice import look_at_base
from launcher.recipes.piper.batches import batch_findings, why_nothing_is_left
from launcher.recipes.piper.delivered_voice import learnt_by_voice
from launcher.recipes.piper.estimate import estimate
from launcher.recipes.piper.hearing_findings import hearing_findings_on_image
from launcher.recipes.piper.phoneme_findings import phoneme_findings_on_image, sentence_findings
from launcher.recipes.piper.shares import share_findings
from launcher.recipes.piper.speed import memory_needed
from pod_image.contract.findings import Finding
from pod_image.contract.next_steps import Said, Sentence, setting
from pod_image.contract.outcomes import Phase
from pod_image.contract.recipes.piper import (
    PiperSettings,
    SpeakersOfDatasets,
    WhisperModel,
    checkpoint_room,
)
from pod_image.contract.settings import RunSettings
from pod_image.dataset.languages import espeak_voice_of
from pod_image.hub import Hub

BYTES_PER_SAMPLE = 2
TRIAL_STEPS, TRIAL_MINUTES = 1_000, 10.0
"""So short a training shows that the way works; no amount of recordings makes a voice of it."""
SMALLEST_BATCH = 1


class PiperRecipe(Plain):
    trains_on_nodes = True
    shown = Shown(
        phases={
            Phase.PREPARE: PhaseWords("Prepare the recordings", "clips and texts are prepared"),
            Phase.TRAIN: PhaseWords("Train", "the training runs"),
            Phase.EXPORT: PhaseWords("Make the voice file", "the voice is exported"),
        },
        result=Result("voice", ("voice/**",), speaks=True),
        main_loss="mel",
        loss_titles={
            "mel": "Sound (mel)",
            "validation_mel": "Sound, on clips it has not seen",
            "generator": "Generator, all parts",
            "discriminator": "Discriminator",
            "kl": "KL",
            "duration": "Durations",
            "feature": "Features",
        },
        has_samples=True,
        says_what_is_asked=True,
        at_a_stop="Training ends now, and the GPU makes the voice from what was learnt so far.",
    )

    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        own = PiperSettings.of(settings)
        start = f"from {own.base_checkpoint}" if own.base_checkpoint else "from scratch"
        continued = ", continued from its newest checkpoint" if resume else ""
        return (
            f"training of the Piper voice {own.language}-{own.voice_name}-"
            f"{own.quality.value.replace('-', '_')}, {start}{continued}"
        )

    def memory_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> GpuMemory:
        return memory_needed(PiperSettings.of(settings), dataset.clips if dataset else 0)

    def disk_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> DiskRoom:
        """The files, their sound, and one checkpoint have to fit."""
        quality = PiperSettings.of(settings).quality
        sound_bytes = files_bytes = 0.0
        if dataset is not None:
            files_bytes = dataset.size_bytes
            sound_bytes = (dataset.minutes or 0.0) * 60 * quality.sample_rate_hz * BYTES_PER_SAMPLE
        needed_bytes = files_bytes + sound_bytes + checkpoint_room(quality).needed_bytes(1)
        basis = f"dataset and one checkpoint of a {quality.value} voice"
        return DiskRoom(needed_bytes / 1e9, basis)

    def estimate(
        self,
        settings: RunSettings,
        dataset: DatasetSummary | None,
        offer: Offer,
        history: Sequence[Run],
        start_seconds: float = USUAL_START_SECONDS,
    ) -> Estimate | None:
        return estimate(PiperSettings.of(settings), dataset, offer, history, start_seconds)

    def how_to_be_shorter(self, settings: RunSettings) -> Said:
        return Sentence("lower ", setting("epochs"))

    def speech_wanted(self, settings: RunSettings) -> SpeechWanted | None:
        own = PiperSettings.of(settings)
        return SpeechWanted(
            language=own.language,
            espeak_voice=own.espeak_voice,
            sample_rate_hz=own.quality.sample_rate_hz,
            speakers=own.speakers,
            phoneme_type=own.phoneme_type,
            minutes=minutes_wanted(own),
            is_apart=own.dataset_speakers is SpeakersOfDatasets.APART,
            heard_by="" if own.transcribe is WhisperModel.OFF else own.transcribe.value,
        )

    def look_at_start(self, hub: Hub, settings: RunSettings) -> Start:
        own = PiperSettings.of(settings)
        base, findings = look_at_base(hub, own.base_checkpoint, own.phoneme_type)
        return Start(base.licence if base else "", findings)

    def smaller_try(self, settings: RunSettings) -> SmallerTry | None:
        """Half the batch."""
        batch = PiperSettings.of(settings).batch_size
        if batch <= SMALLEST_BATCH:
            return None
        half = max(SMALLEST_BATCH, batch // 2)
        return SmallerTry(
            {"batch_size": half},
            f"Half the batch, {half} clips at a time, needs much less memory.",
            f"Try again with {half} clips",
        )

    def findings(
        self, settings: RunSettings, dataset: DatasetSummary | None
    ) -> tuple[Finding, ...]:
        own = PiperSettings.of(settings)
        batches = batch_findings(own, dataset.clips if dataset else 0)
        return (
            *share_findings(own, dataset),
            *batches,
            *phoneme_findings_on_image(own),
            *hearing_findings_on_image(own),
            *sentence_findings(own),
        )

    def learnt(self, hub: Hub, results_repo: str, run_id: str) -> Learnt:
        return learnt_by_voice(hub, results_repo, run_id)

    def spelt_out(self, settings: RunSettings) -> Mapping[str, Any]:
        own = PiperSettings.of(settings)
        return {"espeak_voice": own.espeak_voice or espeak_voice_of(own.language)}

    def why_nothing_is_left(
        self,
        settings: RunSettings,
        dataset: DatasetSummary | None,
        earlier: RunSettings,
        step: int,
    ) -> Finding | None:
        own, before = PiperSettings.of(settings), PiperSettings.of(earlier)
        return why_nothing_is_left(own, before, dataset.clips if dataset else 0, step)


def minutes_wanted(settings: PiperSettings) -> float:
    """Minutes of speech below which the voice will disappoint; none for a trial."""
    if 0 < settings.max_steps <= TRIAL_STEPS or 0 < settings.train_minutes <= TRIAL_MINUTES:
        return 0.0
    return LEAST_MINUTES if settings.base_checkpoint else FROM_SCRATCH_MINUTES


RECIPE: Recipe = PiperRecipe()
