"""What a look at OneTrainer's file found, gathered in the order of the look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said

MOST_NAMED = 5
AS_JSON = (
    "Export the configuration anew in OneTrainer (Export writes one file with concepts and samples in it), and "
    "give that file."
)


@dataclass
class Found:
    findings: list[Finding] = field(default_factory=list)

    def error(self, code: str, message: Said, hint: Said = "", place: str = "") -> None:
        self.findings.append(Finding(Severity.ERROR, code, message, hint, place))

    def warning(self, code: str, message: Said, hint: Said = "", place: str = "") -> None:
        self.findings.append(Finding(Severity.WARNING, code, message, hint, place))

    def note(self, code: str, message: Said, hint: Said = "") -> None:
        self.findings.append(Finding(Severity.NOTE, code, message, hint))


def listed(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - MOST_NAMED
    shown = ", ".join(names[:MOST_NAMED])
    return shown if more <= 0 else f"{shown} and {more} more"
