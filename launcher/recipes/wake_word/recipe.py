"""A wake word: what the plan says of it, and what is shown while it is made."""

from __future__ import annotations

from collections.abc import Sequence

from launcher.domain.needs import GpuMemory
from launcher.domain.offer import Offer
from launcher.domain.plan import DatasetSummary, Estimate
from launcher.domain.run import Run
from launcher.recipes.base import (
    DELIVER_SECONDS,
    USUAL_START_SECONDS,
    PhaseWords,
    Recipe,
    Result,
    Shown,
    Start,
    around_words,
)
from launcher.recipes.command.recipe import CommandRecipe
from launcher.recipes.own_runs import by_own_run
from launcher.recipes.wake_word.voices import look_at_voices
from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import NextStep, Said, Sentence, setting
from pod_image.contract.outcomes import Phase
from pod_image.contract.recipes.wake_word import WakeWordSettings
from pod_image.contract.settings import RunSettings
from pod_image.hub import Hub

SECONDS_PER_CLIP = 1.1
"""Of one core, for a clip of the wake word with all that is spoken and heard beside it."""
SECONDS_PER_STEP = 0.025
"""With the two shorter parts that follow."""
CORES, FEW_CORES = 8, 4
"""Of a usual pod with one GPU, and of a small one."""
FEWEST_LETTERS = 6
"""A phrase of fewer letters is heard in all kinds of talk."""


class WakeWordRecipe(CommandRecipe):
    trains_on_nodes = False
    shown = Shown(
        phases={
            Phase.PREPARE: PhaseWords(
                "Install the trainer", "openWakeWord's training is installed"
            ),
            Phase.TRAIN: PhaseWords(
                "Speak, hear and learn it", "clips are spoken, heard and learnt"
            ),
        },
        result=Result(
            "wake word",
            (
                "files/out/*.onnx",
                "files/out/*.tflite",
                "files/out/scores.json",
                "files/out/README.md",
            ),
        ),
        main_loss="loss",
        loss_titles={
            "clips": "Clips made",
            "heard": "Wake words heard, %",
            "own_recordings_heard": "Your recordings heard, %",
            "near_misses_taken": "Near misses taken for it, %",
            "false_alarms_per_hour": "False alarms an hour",
        },
        has_samples=True,
        at_a_stop=(
            "The model is made from what was learnt so far; while clips are still being made, there is none."
        ),
    )

    def summary(self, settings: RunSettings, *, resume: bool) -> str:
        own = WakeWordSettings.of(settings)
        said = ", ".join(f"“{phrase}”" for phrase in own.phrase) or "no phrase yet"
        clips, steps = counted(own.wake_clips, "clip"), counted(own.wake_steps, "step")
        return f"wake word {said}: {clips}, {steps}" + (", continued" if resume else "")

    def memory_needed(self, settings: RunSettings, dataset: DatasetSummary | None) -> GpuMemory:
        return GpuMemory()

    def estimate(
        self,
        settings: RunSettings,
        dataset: DatasetSummary | None,
        offer: Offer,
        history: Sequence[Run],
        start_seconds: float = USUAL_START_SECONDS,
    ) -> Estimate | None:
        """By what clips and steps took on a processor; nobody can know how long a fetch of gigabytes takes."""
        by_own = by_own_run(settings, offer, history, start_seconds)
        own = WakeWordSettings.of(settings)
        if by_own is not None or own.negative_features:
            return by_own
        seconds = own.wake_clips * SECONDS_PER_CLIP / CORES + own.wake_steps * SECONDS_PER_STEP
        hours = (start_seconds + seconds + DELIVER_SECONDS) / 3600
        return Estimate(
            hours,
            hours * offer.price_per_hour_usd,
            f"what {counted(own.wake_clips, 'clip')} and {counted(own.wake_steps, 'step')} take on a server's "
            f"processor, shared by {CORES} cores, and {around_words(start_seconds)}; not measured on a GPU",
        )

    def how_to_be_shorter(self, settings: RunSettings) -> Said:
        return Sentence("Lower ", setting("wake_clips"), ".")

    def look_at_start(self, hub: Hub, settings: RunSettings) -> Start:
        """Whether the voices are there, and how many people they are."""
        own = WakeWordSettings.of(settings)
        return Start(findings=look_at_voices(hub, own.wake_voices))

    def findings(
        self, settings: RunSettings, dataset: DatasetSummary | None
    ) -> tuple[Finding, ...]:
        own = WakeWordSettings.of(settings)
        found = (_on_phrases, _on_languages, _on_other_sound, _on_idle_gpu)
        return tuple(each for look in found for each in look(own))


def _on_phrases(own: WakeWordSettings) -> tuple[Finding, ...]:
    both = {each.casefold() for each in own.phrase} & {each.casefold() for each in own.near_miss}
    if both:
        return (
            Finding(
                Severity.ERROR,
                "wake_word",
                f"“{min(both)}” cannot be the wake word and a phrase that must not wake it.",
                Sentence("Take it out of ", setting("near_miss"), "."),
            ),
        )
    short = [each for each in own.phrase if sum(map(str.isalpha, each)) < FEWEST_LETTERS]
    if not short:
        return ()
    return (
        Finding(
            Severity.WARNING,
            "wake_word",
            f"“{short[0]}” is short: many phrases sound like it, so expect many false alarms.",
            "Use two or three words, such as hey jarvis.",
        ),
    )


def _on_languages(own: WakeWordSettings) -> tuple[Finding, ...]:
    languages = sorted({voice.partition("_")[0] for voice in own.wake_voices})
    if len(languages) < 2:
        return ()
    return (
        Finding(
            Severity.NOTE,
            "wake_voices",
            f"The voices speak {' and '.join(languages)}: each reads the wake word by the rules of its own language.",
            "Spell it so that each of them says it well, or choose voices of one language.",
        ),
    )


def _on_other_sound(own: WakeWordSettings) -> tuple[Finding, ...]:
    if own.negative_features:
        return ()
    return (
        Finding(
            Severity.NOTE,
            "other_sound",
            "It learns what must not wake it from generated speech and noise. In a house with television and music "
            "expect more false alarms than from models that heard thousands of hours.",
            Sentence(
                "For a model that is in use every day, give hours of recorded sound: ",
                NextStep.SET.of("negative_features", "datasets/davidscripka/openwakeword_features"),
                ".",
            ),
        ),
    )


def _on_idle_gpu(own: WakeWordSettings) -> tuple[Finding, ...]:
    """While clips are made the GPU has nothing to do."""
    minutes = own.wake_clips * SECONDS_PER_CLIP / FEW_CORES / 60
    if own.gpu_idle_minutes >= minutes:
        return ()
    return (
        Finding(
            Severity.WARNING,
            "idle_gpu",
            f"{counted(own.wake_clips, 'clip')} may take {minutes:.0f} minutes on the processor; a GPU that is idle "
            f"for {own.gpu_idle_minutes:g} minutes ends the run.",
            Sentence(
                "Raise the limit: ",
                setting("gpu_idle_minutes", f"{min(240, round(minutes) * 2)}"),
                ".",
            ),
        ),
    )


RECIPE: Recipe = WakeWordRecipe()
