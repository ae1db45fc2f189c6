"""How far a run is, as one figure and a few words. Pure."""

from __future__ import annotations

from typing import NamedTuple

from launcher.domain.run_picture import RunPicture
from launcher.ui.text import amount
from pod_image.contract.figures import duration
from pod_image.contract.outcomes import Phase


class Progress(NamedTuple):
    """`share`: 0 to 1."""

    share: float
    words: str


def progress(picture: RunPicture) -> Progress | None:
    """Of the phase under way, with the time that its steps still take; None where its length is not known."""
    if picture.phase is None or picture.phases[picture.phase].state != "now":
        return None
    step = picture.step
    if picture.phase is Phase.TRAIN and step is not None and step.total_steps:
        share = min(1.0, step.step / step.total_steps)
        words = f"step {step.step:,} of {step.total_steps:,}, {share:.0%}"
        return Progress(share, f"{words}{_left(step.seconds_left)}")
    state = picture.phases[picture.phase]
    if state.done is None or not state.total:
        return None
    share = min(1.0, state.done / state.total)
    return Progress(share, f"{amount(state.done, state.total, state.unit)}, {share:.0%}")


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f", {duration(seconds)} left" if seconds >= 60 else ", under a minute left"
