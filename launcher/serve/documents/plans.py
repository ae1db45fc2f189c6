"""Documents about settings and plans."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from launcher.domain.plan import Composed, Plan
from launcher.presets import Preset
from launcher.serve.documents.base import Answer, Asked, FindingFacts, as_json, finding_facts
from launcher.services.common.boot_budget import boot_budget


class PresetFacts(Answer):
    name: str
    title: str
    description: str
    is_built_in: bool
    settings: dict[str, Any]
    """The settings that differ from the defaults."""


class PresetList(Answer):
    presets: list[PresetFacts]


class SettingsAsked(Asked):
    preset: str = Field(default="", max_length=100)
    """Name of a preset to start from."""
    settings: dict[str, Any] = Field(default_factory=dict, max_length=500)
    """Settings that differ from the preset or the defaults, by name; GET /api/v1/settings describes them."""


class PlanAsked(SettingsAsked):
    resume: bool = False
    """Continue the run that the setting run_id names."""
    let_pass: list[str] = Field(default_factory=list, max_length=50)
    """Codes of dataset errors to ignore."""


class SettingFacts(Answer):
    value: Any
    origin: str = Field(serialization_alias="from")
    """you, preset or default."""


class SettingsFacts(Answer):
    """Settings that work together, and where each value comes from."""

    preset: str
    settings: dict[str, SettingFacts]
    dropped: list[str]
    """Settings of the preset that do not apply."""
    missing: list[str]
    """Required settings that are not given yet."""
    notes: list[str]


class OfferFacts(Answer):
    gpu: str
    gpu_type: str
    gpu_count: int
    memory_gb: int
    cloud: str
    price_per_hour_usd: float
    stock: str
    data_centers: list[str]


class PlanFacts(Answer):
    """What a run would do and cost. Planning rents nothing."""

    hash: str
    """Pass it to POST /api/v1/runs within an hour; empty if the plan cannot be launched."""
    can_be_launched: bool
    run_id: str
    resume: bool
    preset: str
    settings: dict[str, SettingFacts]
    dropped: list[str]
    candidates: list[OfferFacts]
    """The GPUs, in the order in which they are tried."""
    worst_case_usd: float
    """The most that it can cost."""
    hours_until_capped: float
    expected_hours: float | None
    expected_usd: float | None
    expected_by: str
    """Where the expected time and cost come from."""
    boot_minutes: float
    dataset: dict[str, Any] | None
    """What the check of the dataset found."""
    inputs: list[dict[str, Any]]
    """Repos that the pod fetches besides the dataset."""
    makes_results_repo: bool
    secrets: dict[str, str]
    """Names of the secrets that the command gets, and where each value comes from. The values are never shown."""
    secrets_in_plain: bool
    """Whether tokens would be readable in the pod's definition."""
    base_licence: str
    let_pass: list[str]
    findings: list[FindingFacts]
    requests: list[dict[str, Any]]
    """Requests that would be sent to the provider, with a placeholder for every secret."""


def preset_facts(preset: Preset) -> PresetFacts:
    return PresetFacts(
        name=preset.name,
        title=preset.title,
        description=preset.description,
        is_built_in=preset.is_built_in,
        settings=as_json(dict(preset.values)),
    )


def setting_facts(composed: Composed) -> dict[str, SettingFacts]:
    return {
        name: SettingFacts(value=value, origin=composed.origins[name].value)
        for name, value in composed.settings.applicable().items()
    }


def plan_facts(plan: Plan) -> PlanFacts:
    estimate = plan.estimate
    return PlanFacts(
        hash=plan.hash,
        can_be_launched=not plan.errors,
        run_id=plan.run_id,
        resume=plan.resume,
        preset=plan.composed.preset,
        settings=setting_facts(plan.composed),
        dropped=list(plan.composed.dropped),
        candidates=[
            OfferFacts(
                gpu=each.gpu_name,
                gpu_type=each.gpu_type,
                gpu_count=each.gpu_count,
                memory_gb=each.memory_gb,
                cloud=each.cloud.value,
                price_per_hour_usd=each.price_per_hour_usd,
                stock=each.stock.value,
                data_centers=list(each.data_centers),
            )
            for each in plan.candidates
        ],
        worst_case_usd=plan.worst_case_usd,
        hours_until_capped=plan.hours_until_capped,
        expected_hours=estimate.hours if estimate else None,
        expected_usd=estimate.cost_usd if estimate else None,
        expected_by=estimate.basis if estimate else "",
        boot_minutes=boot_budget(plan.settings, plan.image_gb).minutes,
        dataset=as_json(plan.dataset),
        inputs=as_json(plan.inputs),
        makes_results_repo=plan.makes_results_repo,
        secrets=dict(plan.secrets),
        secrets_in_plain=plan.secrets_in_plain,
        base_licence=plan.base_licence,
        let_pass=list(plan.forced),
        findings=finding_facts(plan.findings),
        requests=as_json(plan.requests),
    )
