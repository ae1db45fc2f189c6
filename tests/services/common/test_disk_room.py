"""A disk on which no training can end well is refused before anything is rented."""

from __future__ import annotations

from launcher.cli.terminal.next_steps import in_terminal
from launcher.domain.plan import DatasetSummary
from launcher.providers.registry import default_place
from launcher.recipes import recipe_of
from launcher.services.common.disk_room import findings_on_disk as findings_on_needed
from launcher.services.common.disk_room import rented_disk_gb
from launcher.services.planning.dataset_look import check_settings
from launcher.workshop.check import _disk_findings
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.settings import RunSettings
from pod_image.dataset import Code


def settings(**given: object) -> RunSettings:
    values = {"dataset_repo": "me/clips", "results_repo": "me/voice", "disk_gb": 20, **given}
    return RunSettings.model_validate(values)


def findings_on_disk(settings: RunSettings, dataset: DatasetSummary | None) -> list[Finding]:
    return findings_on_needed(settings, recipe_of(settings).disk_needed(settings, dataset))


def dataset(size_bytes: int, minutes: float | None = 60.0) -> DatasetSummary:
    return DatasetSummary("me/clips", "c" * 40, 1000, minutes, size_bytes=size_bytes)


def test_files_sound_and_one_checkpoint_have_to_fit() -> None:
    assert findings_on_disk(settings(), dataset(16_000_000_000)) == []
    (finding,) = findings_on_disk(settings(), dataset(18_000_000_000))
    assert (finding.severity, finding.code) == (Severity.ERROR, "disk_too_small")
    assert "one checkpoint of a medium voice take 20.8 GB" in in_terminal(finding.message)
    assert in_terminal(finding.hint) == "Rent a larger disk: --disk-gb 21"


def test_a_larger_voice_needs_more() -> None:
    assert findings_on_disk(settings(quality="x-low"), dataset(17_500_000_000)) == []
    assert findings_on_disk(settings(quality="high"), dataset(17_500_000_000))


def test_what_nobody_can_know_is_not_refused() -> None:
    assert findings_on_disk(settings(), None) == []
    command = RunSettings(recipe="command", argv=("true",), results_repo="me/x", disk_gb=20)
    assert findings_on_disk(command, dataset(10**12, None)) == []


def test_no_disk_is_ordered_that_the_cloud_has_not_got_and_the_plan_says_what_it_is() -> None:
    small = RunSettings(recipe="command", argv=("true",), results_repo="me/x", disk_gb=5)
    (finding,) = findings_on_disk(small, None)
    assert (finding.severity, finding.code) == (Severity.NOTE, "disk_raised")
    assert "a disk of 20 GB instead of 5" in in_terminal(finding.message)
    assert rented_disk_gb(small) == default_place().least_disk_gb


def test_room_is_reckoned_with_the_disk_that_is_ordered() -> None:
    (finding,) = findings_on_disk(settings(disk_gb=5), dataset(16_000_000_000))
    assert finding.code == "disk_raised"


def test_the_check_of_a_dataset_reckons_with_the_disk_that_is_ordered() -> None:
    assert check_settings(settings(disk_gb=5)).disk_gb == 20
    (finding,) = _disk_findings(6_000_000_000, 20)
    assert (finding.code, in_terminal(finding.hint)) == (
        Code.DISK_SMALL,
        "Set disk_gb to 21 or more.",
    )
    assert _disk_findings(6_000_000_000, 21) == []
