"""What a plan says of the batch beside the set, and of a run that has all its steps behind it. Pure."""

from __future__ import annotations

from launcher.recipes.piper.speed import batch_of, learnt_from, total_steps
from pod_image.contract.figures import counted
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Sentence, setting
from pod_image.contract.recipes.piper import PiperSettings


def batch_findings(settings: PiperSettings, clips: int) -> tuple[Finding, ...]:
    """A note where the batch is larger than the set: it is reckoned, and trained, as the set."""
    if not clips or batch_of(settings, clips) == settings.batch_size:
        return ()
    learnt = counted(learnt_from(settings, clips), "clip")
    return (
        Finding(
            Severity.NOTE,
            "batch_is_set",
            f"The batch size is {settings.batch_size}, and there {'is' if learnt == '1 clip' else 'are'} {learnt} "
            "to learn from: each step takes all of them, and an epoch is one step.",
            Sentence("More recordings help; a larger ", setting("batch_size"), " changes nothing."),
        ),
    )


def why_nothing_is_left(
    settings: PiperSettings, earlier: PiperSettings, clips: int, step: int
) -> Finding | None:
    """By the steps that the limits allow. Epochs are a number of steps only where they were the same so far.

    `clips` is 0 where the set was another one, or is not known.
    """
    limits = [("max_steps", settings.max_steps)] if settings.max_steps else []
    if clips and _steps_are_alike(settings, earlier, clips):
        limits.append(("epochs", total_steps(settings, clips)))
    for name, steps in limits:
        if step >= steps:
            return Finding(
                Severity.ERROR,
                "nothing_left",
                f"There is nothing left to train: the run is at step {step:,}, and these settings end it at step "
                f"{steps:,}.",
                Sentence("Raise ", setting(name), "."),
            )
    return None


def _steps_are_alike(settings: PiperSettings, earlier: PiperSettings, clips: int) -> bool:
    is_split_alike = settings.validation_split == earlier.validation_split
    return is_split_alike and batch_of(settings, clips) == batch_of(earlier, clips)
