"""What a check of a dataset found, as values: frozen, and ready for JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from pod_image.contract.findings import Finding, Severity
from pod_image.contract.next_steps import Said
from pod_image.dataset import Code
from pod_image.dataset.weights import weight

MOST_FINDINGS_OF_A_CODE = 50
"""Ten thousand clips at a wrong rate are one problem; the count is kept, the tail is not listed."""


Word = Callable[[Said], str]
"""An edge: how it words what is said."""


@dataclass(frozen=True)
class Histogram:
    """`counts[i]` is the number of values from `edges[i]` up to `edges[i + 1]`; the last bar includes its upper
    edge."""

    title: str
    unit: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Speaker:
    """`name` is null for the only speaker of a table without names."""

    name: str | None
    clips: int
    minutes: float


@dataclass(frozen=True)
class PhonemeCoverage:
    """How often each phoneme occurs. `missing` and `rare` are those of the language's `known` phonemes that never
    or rarely occur."""

    espeak_voice: str
    texts: int
    counts: dict[str, int]
    missing: tuple[str, ...]
    rare: tuple[str, ...]
    known: int

    @property
    def percent(self) -> float | None:
        """Share of the language's phonemes that occur at all; None where the language has no yardstick."""
        return 100.0 * (1 - len(self.missing) / self.known) if self.known else None


@dataclass(frozen=True)
class DatasetReport:
    """One look at a dataset. Minutes are of the clips whose sound can be used.

    `usable_clips` counts those that training takes, and those that only the pod can look at.
    """

    dataset: str
    revision: str | None
    language: str
    sample_rate_hz: int
    tables: tuple[str, ...]
    rows: int
    clips: int
    usable_clips: int
    minutes: float
    speakers: tuple[Speaker, ...]
    kinds: dict[str, int]
    rates_hz: dict[int, int]
    channels: dict[int, int]
    histograms: tuple[Histogram, ...]
    phonemes: PhonemeCoverage | None
    licence: str | None
    dataset_bytes: int
    disk_needed_bytes: int
    headers_read: int
    clips_heard: int
    seconds_are_estimated: bool
    finding_counts: dict[str, int]
    findings: tuple[Finding, ...] = field(default=())

    def of_severity(self, severity: Severity) -> list[Finding]:
        return [each for each in self.findings if each.severity is severity]

    @property
    def errors(self) -> list[Finding]:
        return self.of_severity(Severity.ERROR)

    def blocking(self, forced: Iterable[str] = ()) -> list[Finding]:
        """Errors that stop a deploy: all whose code is not among `forced`."""
        allowed = {str(code) for code in forced}
        return [each for each in self.errors if each.code not in allowed]

    def count(self, severity: Severity) -> int:
        """How many findings there are of this severity, listed or not."""
        codes = {each.value for each in Code if each.severity is severity}
        return sum(n for code, n in self.finding_counts.items() if code in codes)


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Errors first, then warnings and notes, of each the weightiest; at most so many of a code, and those together."""
    codes: list[str] = list(Code)
    ranked = sorted(
        findings, key=lambda each: (each.severity.rank, weight(each.code), codes.index(each.code))
    )
    kept: list[Finding] = []
    seen: Counter[str] = Counter()
    totals = Counter(each.code for each in findings)
    for each in ranked:
        seen[each.code] += 1
        if seen[each.code] <= MOST_FINDINGS_OF_A_CODE:
            kept.append(each)
        elif seen[each.code] == MOST_FINDINGS_OF_A_CODE + 1:
            left = totals[each.code] - MOST_FINDINGS_OF_A_CODE
            kept.append(replace(each, place="", message=f"And {left:,} more of the same kind."))
    return tuple(kept)


def counted(findings: Sequence[Finding]) -> dict[str, int]:
    return {str(code): n for code, n in sorted(Counter(each.code for each in findings).items())}


def histogram(title: str, unit: str, values: Sequence[float], edges: Sequence[float]) -> Histogram:
    """Bars between `edges`; values outside go to the first and the last bar."""
    counts = [0] * (len(edges) - 1)
    for value in values:
        bar = sum(value >= edge for edge in edges[1:-1])
        counts[bar] += 1
    return Histogram(title, unit, tuple(edges), tuple(counts))
