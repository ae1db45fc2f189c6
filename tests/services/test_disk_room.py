"""A disk on which no training can end well is refused before anything is rented."""

from __future__ import annotations

from launcher.domain.plan import DatasetSummary, Severity
from launcher.services.disk_room import remarks_on_disk
from pod_image.contract.settings import RunSettings


def settings(**given: object) -> RunSettings:
    values = {"dataset_repo": "me/clips", "results_repo": "me/voice", "disk_gb": 5, **given}
    return RunSettings.model_validate(values)


def dataset(size_bytes: int, minutes: float | None = 60.0) -> DatasetSummary:
    return DatasetSummary("me/clips", "c" * 40, 1000, minutes, size_bytes=size_bytes)


def test_files_sound_and_one_checkpoint_have_to_fit() -> None:
    assert remarks_on_disk(settings(), dataset(2_000_000_000)) == []
    (remark,) = remarks_on_disk(settings(), dataset(3_000_000_000))
    assert (remark.severity, remark.code) == (Severity.ERROR, "disk_too_small")
    assert "one checkpoint of a medium voice take 5.8 GB" in remark.message
    assert remark.hint == "Rent a larger disk: --disk-gb 6"


def test_a_larger_voice_needs_more() -> None:
    assert remarks_on_disk(settings(quality="x-low"), dataset(2_500_000_000)) == []
    assert remarks_on_disk(settings(quality="high"), dataset(2_500_000_000))


def test_what_nobody_can_know_is_not_refused() -> None:
    assert remarks_on_disk(settings(), None) == []
    command = RunSettings(recipe="command", argv=("true",), results_repo="me/x", disk_gb=5)
    assert remarks_on_disk(command, dataset(10**12, None)) == []
