"""What a training warns of: its base, its disk, and what makes it slower than it could be."""

from __future__ import annotations

from pathlib import Path

from pod_image.contract.bodies import RunWarning
from pod_image.contract.next_steps import Sentence, setting
from pod_image.recipes.piper.alignment import COST_OF_TORCH


def fresh_discriminators() -> RunWarning:
    return RunWarning(
        code="fresh-discriminators",
        message="The base voice has no discriminators: they are trained from scratch, and the "
        "first epochs sound rough.",
    )


def partial_base(what_follows: str) -> RunWarning:
    return RunWarning(
        code="partial-base",
        message="The base voice has no posterior encoder, like every voice that was exported for speaking: "
        + what_follows,
        hint="A .ckpt of the same voice, if there is one, saves these steps.",
    )


def checkpoint_dropped(checkpoint: Path) -> RunWarning:
    message = f"{checkpoint.name} was dropped before it was delivered: the disk has no room for another one."
    return RunWarning.saying(
        "checkpoint-dropped",
        message,
        Sentence("Rent a larger disk, or keep fewer: ", setting("keep_newest"), "."),
    )


def no_better_checkpoints(step: int, limit: int, best_step: int | None) -> RunWarning:
    return RunWarning(
        code="no-better-checkpoints",
        message=f"Training ends at step {step}: {limit} checkpoints in a row were no "
        f"better than the one of step {best_step}, which becomes the voice.",
    )


def steps_not_recorded(why: str) -> RunWarning:
    return RunWarning.saying(
        "no-graphs",
        "Training steps cannot be recorded as CUDA graphs here, and run without them, more slowly "
        f"when the GPU waits for its host ({why}).",
        Sentence(setting("graphs", "off"), " leaves the try out."),
    )


def bf16_is_slow(why: str) -> RunWarning:
    return RunWarning(
        code="bf16-is-slow",
        message=f"Training computes in bf16, as requested, which is slower here: {why}.",
        hint="precision auto chooses what is fastest on the machine.",
    )


def alignment_is_slow(why: str) -> RunWarning:
    return RunWarning(
        code="alignment-is-slow",
        message="The kernel that finds which frames belong to which phoneme cannot be used on this "
        f"GPU: {COST_OF_TORCH}. The results are the same. The reason: {why}",
    )
