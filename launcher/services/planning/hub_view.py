"""What the Hub says of everything a plan names: dataset, inputs, results repo, the run that is continued."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from launcher.domain.plan import DatasetSummary, PlannedInput
from launcher.hub.access import AccessReport, HubAccess, check_access
from launcher.recipes import recipe_of
from launcher.recipes.base import Start
from launcher.services.common.workbench import Workbench
from launcher.services.planning.dataset_names import not_looked_into, twice_findings
from launcher.services.planning.inputs_look import InputsLook, hub_settings, look_at_inputs
from launcher.services.planning.resuming import (
    Earlier,
    earlier_life,
    record_so_far,
    settings_so_far,
)
from pod_image.contract.datasets import chosen_datasets
from pod_image.contract.findings import Finding, Severity
from pod_image.contract.record import RunRecord
from pod_image.contract.settings import RunSettings
from pod_image.hub import Cause

_NOT_TO_BE_REACHED = (Cause.NETWORK, Cause.ENVIRONMENT)


@dataclass(frozen=True)
class HubView:
    """`settings` are those asked about, with every input at its commit."""

    settings: RunSettings

    findings: tuple[Finding, ...] = ()
    dataset: DatasetSummary | None = None
    inputs: tuple[PlannedInput, ...] = ()
    makes_results_repo: bool = False
    taken: frozenset[str] = frozenset()
    are_runs_known: bool = False
    """Whether `taken` is all there is: the results repo could be asked."""
    start: Start = field(default_factory=Start)
    earlier: Earlier | None = None
    """Of the run that is continued."""


async def look_at_hub(
    bench: Workbench, settings: RunSettings, forced: Collection[str], *, resume: bool
) -> HubView:
    """By reads alone. What keeps the run from being launched stands among the findings."""
    access = await check_access(
        bench.hub,
        [(each.repo, each.revision) for each in chosen_datasets(settings)],
        settings.results,
    )
    dataset, on_dataset = await _look_at_datasets(bench.hub, settings, access, forced)
    look_at_start = recipe_of(settings).look_at_start
    start = await bench.hub.run(look_at_start, bench.hub.dataset, settings)
    is_there = not access.makes_results_repo and not _refuses_results(access.findings)
    taken = await bench.results(settings.results).run_ids() if is_there else []
    is_going_on = resume and settings.run_id in taken
    record = await record_so_far(bench, settings) if is_going_on else None
    inputs = await _look_at_inputs(bench.hub, settings, access, record)
    return HubView(
        settings=inputs.settings,
        findings=(*access.findings, *on_dataset, *start.findings, *inputs.findings),
        dataset=dataset,
        inputs=inputs.inputs,
        makes_results_repo=access.makes_results_repo,
        taken=frozenset(taken),
        are_runs_known=is_there or access.makes_results_repo,
        start=start,
        earlier=await earlier_life(bench, settings, record) if record else None,
    )


async def _look_at_datasets(
    hub: HubAccess, settings: RunSettings, access: AccessReport, forced: Collection[str]
) -> tuple[DatasetSummary | None, tuple[Finding, ...]]:
    datasets = chosen_datasets(settings)
    pinned = [pair for pair in zip(datasets, access.dataset_commits, strict=True) if pair[1]]
    twice = twice_findings(datasets)
    if not pinned or twice:
        return None, twice
    wanted = recipe_of(settings).speech_wanted(settings)
    if wanted is None:
        return not_looked_into(pinned), ()
    from launcher.services.planning.dataset_look import check_settings, look_at_all

    return await hub.run(
        look_at_all,
        hub.dataset,
        pinned,
        check_settings(settings),
        forced,
        is_apart=wanted.is_apart,
    )


async def _look_at_inputs(
    hub: HubAccess, settings: RunSettings, access: AccessReport, record: RunRecord | None
) -> InputsLook:
    is_cut_off = any(
        finding.severity is Severity.ERROR and finding.code in _NOT_TO_BE_REACHED
        for finding in access.findings
    )
    if is_cut_off or not hub_settings(settings):
        return InputsLook(settings)
    before = settings_so_far(record) if record else None
    return await hub.run(look_at_inputs, hub.dataset, settings, before)


def _refuses_results(findings: tuple[Finding, ...]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)
