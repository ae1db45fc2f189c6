"""How far a run is, as one figure and a few words. Pure."""

from __future__ import annotations

from typing import NamedTuple

from launcher.domain.run_picture import RunPicture
from pod_image.contract.figures import duration
from pod_image.contract.outcomes import Phase


class Progress(NamedTuple):
    """`share`: 0 to 1."""

    share: float
    words: str


def progress(picture: RunPicture) -> Progress | None:
    """Of the phase under way, and how long it still takes; None where its length is not known.

    The steps themselves are said in the sentence above the bar.
    """
    if picture.phase is None or picture.phases[picture.phase].state != "now":
        return None
    step = picture.step
    if picture.phase is Phase.TRAIN and step is not None and step.total_steps:
        share = min(1.0, step.step / step.total_steps)
        return Progress(share, f"{share:.0%}{_left(step.seconds_left)}")
    state = picture.phases[picture.phase]
    if state.done is None or not state.total:
        return None
    share = min(1.0, state.done / state.total)
    return Progress(share, f"{share:.0%}")


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f", {duration(seconds)} left" if seconds >= 60 else ", under a minute left"
