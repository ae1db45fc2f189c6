"""What a look at something found, on either side: how grave it is, what it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pod_image.contract.next_steps import Said


class Severity(StrEnum):
    """An error prevents a launch, a warning is shown with the plan, a note explains what was done."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """To sort by: the gravest first."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Finding:
    """One thing found, in a dataset, an account or a plan.

    `code` is for programs and never changes its meaning. `place` is a file, "metadata.csv line 12", or "" for the
    whole.
    """

    severity: Severity
    code: str
    message: Said
    hint: Said = ""
    place: str = ""
    setting: str = ""
    """The setting that it is about, so that a form can show it there."""
