"""A check for a run that hears its clips: clips without a text pass with a warning, and count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from launcher.workshop.check import CheckSettings
from launcher.workshop.report import DatasetReport
from pod_image.contract.findings import Severity
from pod_image.dataset import Code, FolderSource
from tests.kit.dataset_files import wav, write
from tests.workshop.checking import check_dataset

SETTINGS = CheckSettings(minutes_wanted=0.0, heard_by="base")


async def report_on(folder: Path, settings: CheckSettings = SETTINGS) -> DatasetReport:
    return await check_dataset(FolderSource(folder), settings)


def errors(report: DatasetReport) -> list[str]:
    return [str(each.code) for each in report.findings if each.severity is Severity.ERROR]


async def test_a_dataset_without_texts_passes_with_a_warning_that_says_minutes(
    tmp_path: Path,
) -> None:
    write(tmp_path, {f"wavs/{n}.wav": wav(3.0 + n / 10) for n in range(4)})
    report = await report_on(tmp_path)
    assert errors(report) == []
    assert (report.clips, report.usable_clips) == (4, 4)
    assert round(report.minutes * 60, 1) == 12.6
    (said,) = [each for each in report.findings if each.code is Code.TEXT_HEARD_LATER]
    assert said.severity is Severity.WARNING
    assert said.message == (
        "Whisper base will write a text for 4 clips before the training, in about 1 minute on 8 cores. "
        "Nobody will have read those texts."
    )


async def test_without_it_the_same_dataset_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"wavs/a.wav": wav(3.0)})
    report = await report_on(tmp_path, replace(SETTINGS, heard_by=""))
    assert errors(report) == [Code.NO_TABLE]
    assert report.usable_clips == 0


async def test_lines_without_a_text_are_heard_and_long_recordings_are_not(tmp_path: Path) -> None:
    files = {"wavs/a.wav": wav(3.0), "wavs/b.wav": wav(3.1), "wavs/c.wav": wav(25.0)}
    write(tmp_path, {**files, "metadata.csv": "a|A good day to you.\nb|\nc|\n"})
    report = await report_on(tmp_path)
    assert report.usable_clips == 2
    assert Code.TEXT_EMPTY not in {each.code for each in report.findings}
    (said,) = [str(each.message) for each in report.findings if each.code is Code.TEXT_HEARD_LATER]
    assert "will write a text for 1 clip before" in said
    assert "read that text. 1 clip is too short or too long." in said


async def test_recordings_that_are_all_too_long_are_refused_as_before(tmp_path: Path) -> None:
    write(tmp_path, {"wavs/a.wav": wav(25.0)})
    report = await report_on(tmp_path)
    assert errors(report) == [Code.NO_TABLE]
    assert report.usable_clips == 0
