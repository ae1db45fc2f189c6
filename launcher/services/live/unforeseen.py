"""A fault of ours, as a person is told of it."""

from __future__ import annotations

from launcher.errors import LauncherError
from pod_image.contract.next_steps import NextStep, Sentence


def unforeseen(what: str, error: Exception) -> LauncherError:
    """A fault of ours in words: its kind, never its text, which may hold anything."""
    return LauncherError(
        f"{what} ({type(error).__name__}).",
        hint=Sentence(
            "Before you try again: ",
            NextStep.LOOK_FOR_PODS,
            ". Please report it if it happens again.",
        ),
    )
