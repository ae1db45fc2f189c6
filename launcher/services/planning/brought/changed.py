"""What a run that is continued brought along when it began, beside what it is to go on with."""

from __future__ import annotations

from launcher.domain.brought import Brought
from launcher.services.common.workbench import Workbench
from launcher.services.planning.brought.read import listed
from pod_image.contract.brought import BroughtFile, BroughtList
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.record import RunRecord


async def findings_on_changes(
    bench: Workbench, results_repo: str, record: RunRecord, brought: Brought
) -> tuple[Finding, ...]:
    """A warning where the files are others. Raises HubError."""
    if record.brought_sha256 == brought.sha256:
        return ()
    before = None
    if record.brought_sha256:
        before = await bench.results(results_repo).brought(record.brought_sha256)
    how = _said(before or BroughtList(), brought.listed)
    return (
        Finding(
            Severity.WARNING,
            "brought_changed",
            f"The files sent with {record.run_id} have changed since it started ({how}); it continues with the "
            "current files.",
            "To continue with the old files, send those.",
        ),
    )


def _said(before: BroughtList, now: BroughtList) -> str:
    then, here = _by_path(before), _by_path(now)
    words = (
        ("changed", [path for path in here if path in then and here[path] != then[path]]),
        ("new", [path for path in here if path not in then]),
        ("not sent now", [path for path in then if path not in here]),
    )
    return "; ".join(f"{word}: {listed(paths)}" for word, paths in words if paths)


def _by_path(files: BroughtList) -> dict[str, BroughtFile]:
    return {file.path: file for file in files.files}
