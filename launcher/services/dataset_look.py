"""A quick look at a dataset on the Hub, enough for a plan: table, file list and the headers of a few clips.

Blocking; no audio is fetched. The full check is the workshop's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import fmean

from launcher.domain.plan import DatasetSummary, Remark, Severity
from launcher.workshop.hub_source import open_repo
from pod_image.dataset import DatasetError, FileSource, Finding, Utterance, survey
from pod_image.dataset.headers import AudioHeader, HeaderError, read_header
from pod_image.hub import Hub, HubError

HEADERS_READ = 24
"""Clips whose headers are read, spread over the table: one request each, so a plan stays quick."""
_READERS = 8
_FINDINGS_SHOWN = 5


def look(hub: Hub, repo: str, commit: str) -> tuple[DatasetSummary, tuple[Remark, ...]]:
    """What the dataset holds, and what keeps it from being trained on. Raises HubError."""
    try:
        found = survey(open_repo(hub, repo, commit))
    except DatasetError as exc:
        empty = DatasetSummary(repo, commit, clips=0, minutes=None)
        return empty, (Remark(Severity.ERROR, "dataset", exc.message, exc.hint),)
    speakable = [each for each in found.utterances if _has_something_to_say(each)]
    headers = _headers(found.source, _spread(speakable))
    summary = DatasetSummary(
        repo=repo,
        commit=commit,
        clips=len(speakable),
        minutes=_minutes(speakable, headers),
        sample_rates_hz=tuple(sorted({header.rate_hz for _, header in headers})),
        speakers=max(1, len({each.speaker for each in speakable if each.speaker})),
        size_bytes=found.total_bytes,
    )
    silent = [each for each in found.utterances if not _has_something_to_say(each)]
    return summary, (*_remarks(found.findings), *_nothing_to_say(silent))


def _has_something_to_say(each: Utterance) -> bool:
    return any(letter.isalnum() for letter in each.text)


def _nothing_to_say(silent: Sequence[Utterance]) -> list[Remark]:
    return [
        Remark(
            Severity.ERROR,
            "text-unspeakable",
            f"{each.place}: the text {each.text[:40]!r} has nothing to say.",
            "Write what is said in the clip, or remove the line.",
        )
        for each in silent[:_FINDINGS_SHOWN]
    ]


def _remarks(findings: Sequence[Finding]) -> list[Remark]:
    """The findings as remarks, the first few of each kind; the rest as a count."""
    remarks = []
    counts = Counter(finding.code for finding in findings)
    shown: Counter[str] = Counter()
    for finding in findings:
        shown[finding.code] += 1
        if shown[finding.code] > _FINDINGS_SHOWN:
            continue
        place = f"{finding.place}: " if finding.place else ""
        message = f"{place}{finding.message}"
        if shown[finding.code] == _FINDINGS_SHOWN < counts[finding.code]:
            message += f" And {counts[finding.code] - _FINDINGS_SHOWN} more like it."
        severity = Severity(finding.severity.value)
        remarks.append(Remark(severity, finding.code.value, message, finding.fix))
    return remarks


def _spread(utterances: Sequence[Utterance]) -> list[Utterance]:
    readable = [each for each in utterances if each.path is not None]
    if len(readable) <= HEADERS_READ:
        return readable
    step = (len(readable) - 1) / (HEADERS_READ - 1)
    return [readable[round(index * step)] for index in range(HEADERS_READ)]


def _headers(
    source: FileSource, chosen: Sequence[Utterance]
) -> list[tuple[Utterance, AudioHeader]]:
    """The headers that can be read; what is no audio is the full check's to explain."""

    def read(each: Utterance) -> tuple[Utterance, AudioHeader] | None:
        try:
            return each, read_header(partial(source.read, str(each.path)), each.size)
        except (HeaderError, OSError, HubError):
            return None

    with ThreadPoolExecutor(_READERS) as pool:
        return [pair for pair in pool.map(read, chosen) if pair]


def _minutes(
    utterances: Sequence[Utterance], headers: Sequence[tuple[Utterance, AudioHeader]]
) -> float | None:
    """Minutes of all clips: by the mean clip of those whose header was read."""
    seconds = [header.seconds for _, header in headers if header.seconds is not None]
    return len(utterances) * fmean(seconds) / 60.0 if seconds else None
