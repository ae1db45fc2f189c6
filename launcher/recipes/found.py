"""What a look at a person's own file of settings found, gathered in the order of the look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said

MOST_NAMED = 5
_SETTING = "trainer_config"


@dataclass
class Found:
    findings: list[Finding] = field(default_factory=list)

    def error(self, code: str, message: Said, hint: Said = "", setting: str = _SETTING) -> None:
        self.findings.append(Finding(Severity.ERROR, code, message, hint, setting=setting))

    def warning(self, code: str, message: Said, hint: Said = "", setting: str = _SETTING) -> None:
        self.findings.append(Finding(Severity.WARNING, code, message, hint, setting=setting))

    def note(self, code: str, message: Said, hint: Said = "") -> None:
        self.findings.append(Finding(Severity.NOTE, code, message, hint, setting=_SETTING))


def listed(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - MOST_NAMED
    shown = ", ".join(names[:MOST_NAMED])
    return shown if more <= 0 else f"{shown} and {more} more"
