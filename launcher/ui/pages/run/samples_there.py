"""A sample of a run where it can be had already, and a word where it is still on its way."""

from __future__ import annotations

from launcher.domain.run import Run
from launcher.domain.run_view import RunView
from launcher.ui.widgets.elements import box, hint
from launcher.ui.widgets.one_sample import show_sample
from pod_image.contract.bodies import Sample
from pod_image.contract.events import Stamped


def is_there(run: Run, view: RunView, sample: Stamped[Sample]) -> bool:
    """Whether it can be fetched: it was delivered, or the run is over and this computer did not see that it was."""
    return (
        f"{run.run_id}/{sample.body.path}" in view.picture.files or view.picture.ended is not None
    )


def show_when_there(run: Run, view: RunView, sample: Stamped[Sample], label: str) -> None:
    with box("div", "sample"):
        if is_there(run, view, sample):
            show_sample(run, sample, label)
        else:
            hint("uploading…")
