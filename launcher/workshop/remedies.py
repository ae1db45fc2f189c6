"""The findings of a check by kind, each with the clips it is about, and whether leaving those out mends it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from launcher.workshop.library import ClipLine
from launcher.workshop.report import DatasetReport
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said
from pod_image.dataset import Code

MENDED_WITHOUT = frozenset(
    {
        Code.TEXT_EMPTY,
        Code.TEXT_UNSPEAKABLE,
        Code.FILE_ABSENT,
        Code.FILE_EMPTY,
        Code.FILE_UNREADABLE,
        Code.FILE_TRUNCATED,
        Code.AUDIO_TWICE,
        Code.CLIP_SHORT,
        Code.CLIP_FAR_TOO_LONG,
        Code.SILENT,
        Code.TEXT_TOO_MUCH,
    }
)
"""Findings that are gone, and nothing of use with them, once their clips are left out."""


@dataclass(frozen=True)
class FindingGroup:
    """All findings of one code. `times` counts those too that are not listed; `files` are clips of the table."""

    code: str
    times: int
    findings: tuple[Finding, ...]
    files: tuple[str, ...]

    @property
    def severity(self) -> Severity:
        return self.findings[0].severity

    @property
    def hint(self) -> Said:
        """What to do, where it is the same for all of them; else empty."""
        hints = {one.hint for one in self.findings}
        return hints.pop() if len(hints) == 1 else ""

    @property
    def is_mended_without(self) -> bool:
        """Whether leaving out `files` is a remedy."""
        return bool(self.files) and self.code in MENDED_WITHOUT


def finding_groups(report: DatasetReport, clips: Sequence[ClipLine]) -> list[FindingGroup]:
    """The findings of the report by code, in the report's order."""
    by_place = {clip.place: clip.file for clip in clips}
    groups = []
    for code in dict.fromkeys(one.code for one in report.findings):
        found = tuple(one for one in report.findings if one.code == code)
        files = dict.fromkeys(by_place[one.place] for one in found if one.place in by_place)
        groups.append(FindingGroup(code, report.finding_counts[code], found, tuple(files)))
    return groups
