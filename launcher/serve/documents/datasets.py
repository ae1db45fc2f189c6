"""Documents about datasets."""

from __future__ import annotations

from pydantic import Field

from launcher.serve.documents.base import Answer, Asked, FindingFacts, finding_facts
from launcher.workshop.check import CheckSettings
from launcher.workshop.report import DatasetReport
from pod_image.contract.findings import Severity


class DatasetAsked(Asked):
    """Either a dataset on the Hub, or a folder on the serving computer."""

    dataset: str = Field(default="", max_length=500)
    """OWNER/NAME, OWNER/NAME/FOLDER, or an address on the Hub."""
    revision: str = Field(default="", max_length=200, pattern=r"^[\w./-]*$")
    """A branch, tag or commit; empty for the newest."""
    folder: str = Field(default="", max_length=4_000)
    """Full path of a folder on the serving computer; requests may name it only if it is allowed."""
    language: str = Field(default="en_US", max_length=40)
    sample_rate_hz: int = Field(default=22_050, ge=8_000, le=48_000)
    speakers: int | None = Field(default=1, ge=1, le=10_000)
    """Number of speakers; null accepts any number."""
    minutes_wanted: float | None = Field(default=None, ge=0.0, le=100_000)
    """Minutes to ask for; null means what a voice usually needs."""
    table: list[str] = Field(default_factory=list, max_length=20)
    """Tables of the dataset to use; empty means those that are found."""
    deep: bool = False
    """Check every clip. This takes long with a large dataset."""

    def check_settings(self) -> CheckSettings:
        usual = CheckSettings()
        wanted = usual.minutes_wanted if self.minutes_wanted is None else self.minutes_wanted
        return CheckSettings(
            language=self.language,
            sample_rate_hz=self.sample_rate_hz,
            speakers=self.speakers,
            minutes_wanted=wanted,
            tables=tuple(self.table),
            deep=self.deep,
        )


class SpeakerFacts(Answer):
    name: str | None
    """null for the only speaker of a table without names."""
    clips: int
    minutes: float


class DatasetFacts(Answer):
    """What a check of a dataset found."""

    dataset: str
    revision: str | None
    language: str
    sample_rate_hz: int
    tables: list[str]
    clips: int
    usable_clips: int
    minutes: float
    speakers: list[SpeakerFacts]
    licence: str | None
    size_bytes: int
    errors: int
    warnings: int
    finding_counts: dict[str, int]
    """Number of findings by code; some have more than are listed."""
    findings: list[FindingFacts]


def dataset_facts(report: DatasetReport) -> DatasetFacts:
    return DatasetFacts(
        dataset=report.dataset,
        revision=report.revision,
        language=report.language,
        sample_rate_hz=report.sample_rate_hz,
        tables=list(report.tables),
        clips=report.clips,
        usable_clips=report.usable_clips,
        minutes=report.minutes,
        speakers=[
            SpeakerFacts(name=each.name, clips=each.clips, minutes=each.minutes)
            for each in report.speakers
        ],
        licence=report.licence,
        size_bytes=report.dataset_bytes,
        errors=report.count(Severity.ERROR),
        warnings=report.count(Severity.WARNING),
        finding_counts=report.finding_counts,
        findings=finding_facts(report.findings),
    )
