"""The check of a dataset as a plan needs it: the findings of `launcher dataset check`, fewer of a kind.

Blocking; of a large repo fewer headers are read than the check reads, since a plan is made again and again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from launcher.domain.plan import DatasetPart, DatasetSummary
from launcher.recipes import recipe_of
from launcher.services.common.disk_room import rented_disk_gb
from launcher.services.planning.dataset_names import joined_name
from launcher.workshop.check import CheckSettings, look_over
from launcher.workshop.hub_source import look_over_repo, open_repos
from launcher.workshop.report import DatasetReport
from pod_image.contract.datasets import ChosenDataset
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.settings import RunSettings
from pod_image.dataset import DatasetError
from pod_image.hub import Hub

PLAN_HEADERS = 400
"""One request each. The Hub allows a free account some thousand in five minutes, and plans come in a row."""
PLAN_TEXTS = 500
_SHOWN = {Severity.ERROR: 5, Severity.WARNING: 2, Severity.NOTE: 1}
_OF_ANY_RUN = CheckSettings(speakers=None, minutes_wanted=0.0, phoneme_type=None)


def check_settings(settings: RunSettings) -> CheckSettings:
    """What the dataset of a run with these settings has to be good for."""
    wanted = recipe_of(settings).speech_wanted(settings)
    if wanted is None:
        return replace(_OF_ANY_RUN, tables=settings.table)
    return CheckSettings(
        tables=settings.table,
        language=wanted.language,
        espeak_voice=wanted.espeak_voice,
        sample_rate_hz=wanted.sample_rate_hz,
        speakers=wanted.speakers,
        phoneme_type=wanted.phoneme_type,
        minutes_wanted=wanted.minutes,
        heard_by=wanted.heard_by,
        disk_gb=rented_disk_gb(settings),
    )


def look(
    hub: Hub,
    repo: str,
    commit: str,
    settings: CheckSettings = _OF_ANY_RUN,
    forced: Collection[str] = (),
    folder: str = "",
) -> tuple[DatasetSummary, tuple[Finding, ...]]:
    """What the dataset holds, and what was found in it. An error that `forced` names is a warning. Raises HubError."""
    quick = replace(settings, most_remote_headers=PLAN_HEADERS, most_texts=PLAN_TEXTS)
    try:
        report = look_over_repo(hub, repo, quick, commit, folder=folder)
    except DatasetError as exc:
        empty = DatasetSummary(repo, commit, clips=0, minutes=None)
        return empty, (Finding(Severity.ERROR, "dataset", exc.message, exc.hint),)
    return _summary(report, repo, commit), findings_of(report, forced)


def look_at_all(
    hub: Hub,
    pinned: Sequence[tuple[ChosenDataset, str]],
    settings: CheckSettings = _OF_ANY_RUN,
    forced: Collection[str] = (),
    *,
    is_apart: bool = False,
) -> tuple[DatasetSummary, tuple[Finding, ...]]:
    """`look` at every dataset of a run, each at its commit: one report over all. Raises HubError."""
    if len(pinned) == 1:
        (dataset, commit), *_ = pinned
        return look(hub, dataset.repo, commit, settings, forced, dataset.inside)
    quick = replace(settings, most_remote_headers=PLAN_HEADERS, most_texts=PLAN_TEXTS)
    name, first = joined_name(dataset.name for dataset, _ in pinned), pinned[0][1]
    try:
        source = open_repos(hub, pinned, is_apart=is_apart)
        report = look_over(source, quick)
    except DatasetError as exc:
        parts = tuple(DatasetPart(dataset.name, commit) for dataset, commit in pinned)
        empty = DatasetSummary(name, first, clips=0, minutes=None, parts=parts)
        return empty, (Finding(Severity.ERROR, "dataset", exc.message, exc.hint),)
    parts = tuple(
        DatasetPart(dataset.name, commit, source.clips.get(dataset.name, 0))
        for dataset, commit in pinned
    )
    return replace(_summary(report, name, first), parts=parts), findings_of(report, forced)


def _summary(report: DatasetReport, repo: str, commit: str) -> DatasetSummary:
    return DatasetSummary(
        repo=repo,
        commit=commit,
        clips=report.usable_clips,
        minutes=report.minutes or None,
        sample_rates_hz=tuple(sorted(report.rates_hz)),
        speakers=max(1, len(report.speakers)),
        speaker_names=tuple(each.name for each in report.speakers if each.name),
        size_bytes=report.dataset_bytes,
    )


def findings_of(report: DatasetReport, forced: Collection[str] = ()) -> tuple[Finding, ...]:
    """What a plan says of a dataset: the first few findings of each code; the last of these counts the rest."""
    findings = []
    shown: Counter[str] = Counter()
    for finding in report.findings:
        severity = _severity(finding, forced)
        shown[finding.code] += 1
        most = _SHOWN[finding.severity]
        if shown[finding.code] > most:
            continue
        left = report.finding_counts[finding.code] - most
        more = f" And {left:,} more like this." if shown[finding.code] == most and left > 0 else ""
        place = f"{finding.place}: " if finding.place else ""
        findings.append(
            Finding(severity, finding.code, f"{place}{finding.message}{more}", finding.hint)
        )
    return tuple(findings)


def _severity(finding: Finding, forced: Collection[str]) -> Severity:
    is_let_pass = finding.severity is Severity.ERROR and finding.code in forced
    return Severity.WARNING if is_let_pass else finding.severity
