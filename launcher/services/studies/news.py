"""What a study tells while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from launcher.domain.studies.study import Study, Trial
from pod_image.contract.next_steps import Said


@dataclass(frozen=True)
class StudyNews:
    """Something that happened: a sentence, and the trial that it is about."""

    text: Said
    study: Study
    trial: Trial | None = None


Report = Callable[[StudyNews], None]
