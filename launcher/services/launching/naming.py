"""A run that is given its name when it is deployed: written down as soon as there is a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from launcher.domain.labels import LabelName, checked
from launcher.errors import LauncherError
from launcher.services.common.workbench import Workbench
from launcher.services.labelling import label
from launcher.services.launching.progress import Progress

Report = Callable[[Progress], None]


def checked_labels(typed: Mapping[LabelName, str]) -> dict[LabelName, str]:
    """What was typed, as it will be kept, without what is empty. Raises InvalidRequest: better before a GPU is rented
    than after."""
    kept = {name: checked(name, text) for name, text in typed.items()}
    return {name: text for name, text in kept.items() if text}


def naming(bench: Workbench, typed: Mapping[LabelName, str], report: Report) -> Report:
    """The same report, which gives the run its labels once it hears of it. A launch is not held up by a name that
    cannot be kept."""
    if not typed:
        return report
    is_named = False

    def told(progress: Progress) -> None:
        nonlocal is_named
        if progress.run is not None and not is_named and bench.runs.by_nonce(progress.run.nonce):
            is_named = True
            with suppress(LauncherError):
                label(bench, progress.run, typed)
        report(progress)

    return told
