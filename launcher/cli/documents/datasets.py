"""Documents about datasets: checked, made, sent, and kept on this computer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypedDict

from launcher.cli.documents.plan import FindingFacts, findings_facts
from launcher.workshop.editing.edits import Edit, EditKind
from launcher.workshop.editing.trash import LeftOut
from launcher.workshop.gathering import Skipped
from launcher.workshop.library import ClipLine, Shown, Summary
from launcher.workshop.make import Made
from launcher.workshop.push import Pushed
from launcher.workshop.report import DatasetReport, Histogram, PhonemeCoverage, Speaker
from launcher.workshop.table import Line
from pod_image.contract.findings import Severity


class DatasetCheck(TypedDict):
    """What a check of a dataset found. Minutes count only clips whose audio can be used."""

    schema: Literal["dataset.check"]
    version: Literal[1]
    dataset: str
    revision: str | None
    """Commit of the repo; null for a folder."""
    language: str
    sample_rate_hz: int
    """Sample rate that the voice would have."""
    tables: list[str]
    rows: int
    clips: int
    usable_clips: int
    """Clips that training would use, including those that only the pod can check."""
    minutes: float
    speakers: list[Speaker]
    kinds: dict[str, int]
    """Number of clips by type of file."""
    rates_hz: dict[str, int]
    """Number of clips by sample rate."""
    channels: dict[str, int]
    """Number of clips by number of channels."""
    histograms: list[Histogram]
    phonemes: PhonemeCoverage | None
    """null if the phonemes of the texts were not checked."""
    licence: str | None
    dataset_bytes: int
    disk_needed_bytes: int
    """Disk that training needs on the pod."""
    headers_read: int
    clips_heard: int
    seconds_are_estimated: bool
    finding_counts: dict[str, int]
    """Number of findings by code, including those not listed."""
    findings: list[FindingFacts]
    """Errors first; at most 50 for each code."""
    errors: int
    warnings: int


class DatasetMake(TypedDict):
    """What the folder contains now, and what this call added."""

    schema: Literal["dataset.make"]
    version: Literal[1]
    folder: Path
    clips: int
    untyped: int
    """Clips without a transcript."""
    added_clips: int
    added_minutes: float
    already_there: int
    """Recordings that earlier calls had made into clips."""
    skipped: list[Skipped]
    findings: list[FindingFacts]


class DatasetPush(TypedDict):
    """What the repo contains now."""

    schema: Literal["dataset.push"]
    version: Literal[1]
    repo_id: str
    url: str
    commit: str
    made_commit: bool
    """false if everything was there already."""
    clips: int
    minutes: float
    files: int
    size_bytes: int


class KeptDataset(TypedDict):
    """One dataset on this computer."""

    name: str
    folder: Path
    clips: int
    untyped: int
    minutes: float
    size_bytes: int
    created_at: datetime | None
    """null for a dataset that was not made here."""
    updated_at: datetime
    damage: str
    """What cannot be read in it; empty if everything can."""


class DatasetList(TypedDict):
    """The datasets on this computer, by name."""

    schema: Literal["dataset.list"]
    version: Literal[1]
    datasets: list[KeptDataset]


class DatasetShow(TypedDict):
    """One dataset with all its clips."""

    schema: Literal["dataset.show"]
    version: Literal[1]
    summary: KeptDataset
    clips: list[ClipLine]


class ClipText(TypedDict):
    file: str
    text: str
    speaker: str | None


class DatasetEdit(ClipText):
    """The clip as it is now."""

    schema: Literal["dataset.edit"]
    version: Literal[1]


class DatasetDrop(TypedDict):
    """How many clips were left out."""

    schema: Literal["dataset.drop"]
    version: Literal[1]
    name: str
    dropped: int


class LeftOutClip(ClipText):
    left_out_at: datetime
    line_number: int
    """Its line in the table before."""
    has_sound: bool


class DatasetLeftOut(TypedDict):
    """Clips that can be brought back, the latest first."""

    schema: Literal["dataset.left_out"]
    version: Literal[1]
    clips: list[LeftOutClip]


class DatasetRestore(TypedDict):
    """Which clips were brought back."""

    schema: Literal["dataset.restore"]
    version: Literal[1]
    name: str
    restored: list[str]


class _Step(TypedDict):
    version: Literal[1]
    kind: EditKind
    what: str
    """The same in English, with the clip."""


class DatasetUndo(_Step):
    """The change that was undone."""

    schema: Literal["dataset.undo"]


class DatasetRedo(_Step):
    """The change that was made again."""

    schema: Literal["dataset.redo"]


class DatasetEmptyTrash(TypedDict):
    """What was deleted permanently."""

    schema: Literal["dataset.empty-trash"]
    version: Literal[1]
    name: str
    freed_bytes: int


class DatasetDelete(TypedDict):
    """The dataset that was deleted."""

    schema: Literal["dataset.delete"]
    version: Literal[1]
    deleted: KeptDataset


def check_document(found: DatasetReport) -> DatasetCheck:
    return {
        "schema": "dataset.check",
        "version": 1,
        "dataset": found.dataset,
        "revision": found.revision,
        "language": found.language,
        "sample_rate_hz": found.sample_rate_hz,
        "tables": list(found.tables),
        "rows": found.rows,
        "clips": found.clips,
        "usable_clips": found.usable_clips,
        "minutes": found.minutes,
        "speakers": list(found.speakers),
        "kinds": found.kinds,
        "rates_hz": {str(rate): count for rate, count in found.rates_hz.items()},
        "channels": {str(number): count for number, count in found.channels.items()},
        "histograms": list(found.histograms),
        "phonemes": found.phonemes,
        "licence": found.licence,
        "dataset_bytes": found.dataset_bytes,
        "disk_needed_bytes": found.disk_needed_bytes,
        "headers_read": found.headers_read,
        "clips_heard": found.clips_heard,
        "seconds_are_estimated": found.seconds_are_estimated,
        "finding_counts": found.finding_counts,
        "findings": findings_facts(found.findings),
        "errors": found.count(Severity.ERROR),
        "warnings": found.count(Severity.WARNING),
    }


def made_document(made: Made) -> DatasetMake:
    return {
        "schema": "dataset.make",
        "version": 1,
        "folder": made.folder,
        "clips": made.clips,
        "untyped": made.untyped,
        "added_clips": made.added_clips,
        "added_minutes": made.added_minutes,
        "already_there": made.already_there,
        "skipped": list(made.skipped),
        "findings": findings_facts(made.findings),
    }


def pushed_document(pushed: Pushed) -> DatasetPush:
    return {
        "schema": "dataset.push",
        "version": 1,
        "repo_id": pushed.repo_id,
        "url": pushed.url,
        "commit": pushed.commit,
        "made_commit": pushed.made_commit,
        "clips": pushed.clips,
        "minutes": pushed.minutes,
        "files": pushed.files,
        "size_bytes": pushed.size_bytes,
    }


def list_document(found: Sequence[Summary]) -> DatasetList:
    return {"schema": "dataset.list", "version": 1, "datasets": [_kept(each) for each in found]}


def shown_document(shown: Shown) -> DatasetShow:
    return {
        "schema": "dataset.show",
        "version": 1,
        "summary": _kept(shown.summary),
        "clips": list(shown.clips),
    }


def deleted_document(gone: Summary) -> DatasetDelete:
    return {"schema": "dataset.delete", "version": 1, "deleted": _kept(gone)}


def edited_document(line: Line) -> DatasetEdit:
    return {"schema": "dataset.edit", "version": 1, **_clip(line)}


def left_out_document(found: Sequence[LeftOut]) -> DatasetLeftOut:
    clips: list[LeftOutClip] = [
        {
            **_clip(each.line),
            "left_out_at": _time(each.at),
            "line_number": each.line_number,
            "has_sound": each.path is not None,
        }
        for each in found
    ]
    return {"schema": "dataset.left_out", "version": 1, "clips": clips}


def undone_document(edit: Edit) -> DatasetUndo:
    return {"schema": "dataset.undo", "version": 1, "kind": edit.kind, "what": edit.what}


def redone_document(edit: Edit) -> DatasetRedo:
    return {"schema": "dataset.redo", "version": 1, "kind": edit.kind, "what": edit.what}


def _kept(found: Summary) -> KeptDataset:
    return {
        "name": found.name,
        "folder": found.folder,
        "clips": found.clips,
        "untyped": found.untyped,
        "minutes": found.minutes,
        "size_bytes": found.size_bytes,
        "created_at": None if found.created_at is None else _time(found.created_at),
        "updated_at": _time(found.updated_at),
        "damage": found.damage,
    }


def _clip(line: Line) -> ClipText:
    return {"file": line.file, "text": line.text, "speaker": line.speaker}


def _time(unix_seconds: float) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)
